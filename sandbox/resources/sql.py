"""A project's database for its owner: SQL, schema, exposure (apply 1.5 to 1.7)."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.data import exposing, rows
from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import Blocked, SqlError, Unsupported
from sandbox.data.validation import validate as validated
from sandbox.problems import Problem, bad_request, not_run_here
from sandbox.release.migrating import shape_after
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint


def run(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    access.require_open(call, project)
    require_no_migration(call, project)
    text, params = _statement(call)
    try:
        result = call.gateway.store.databases.open(project.id).execute(text, params)
    except (SqlError, Unsupported, Blocked) as error:
        raise sql_problem(error) from error
    return answer(
        {
            "status": "ok",
            "schema": project.schema_slot,
            "rows": result.rows,
            "rowCount": result.count,
            "row_count": result.count,
            "fields": [{"name": name} for name in result.columns],
        }
    )


def _statement(call: Call) -> tuple[str, list[Any]]:
    """Plain text, or {sql, params}."""
    is_json = (call.header("content-type") or "").startswith("application/json")
    body = call.json() if is_json else {"sql": call.body.decode("utf-8", "replace")}
    text, params = body.get("sql"), body.get("params") or []
    if not isinstance(text, str) or not text.strip():
        raise bad_request("BAD_FIELD", "There is no SQL to run.", field="sql")
    if not isinstance(params, list):
        raise bad_request("BAD_FIELD", "'params' must be a list.", field="params")
    return text, params


def sql_problem(error: SqlError | Unsupported | Blocked) -> Problem:
    """The three ways in which SQL is refused, as the owner sees them."""
    if isinstance(error, Unsupported):
        return not_run_here(f"SQL: {error}")
    if isinstance(error, Blocked):
        text = f"This SQL is blocked: it matches {error}."
        return Problem(403, "SQL_BLOCKED", text, hint="Roles and grants are managed by Run402; use expose.")
    details = {"sqlstate": error.sqlstate, **({"detail": error.details} if error.details else {})}
    extra: dict[str, Any] = {"hint": error.hint} if error.hint else {}
    return Problem(400, "SQL_ERROR", str(error), mutation_state="rolled_back", details=details, **extra)


def require_no_migration(call: Call, project: Project) -> None:
    """Writes wait while a deploy changes the schema (apply 2.9)."""
    if call.gateway.store.operations.is_migrating(project.id):
        text = "A deploy is changing the schema; try again in a moment."
        raise Problem(503, "MIGRATE_GATE_ACTIVE", text, category="transient", retryable=True)


def schema(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    database = call.gateway.store.databases.open(project.id)
    with database.transaction():
        exposed = rows.exposed(database)
        tables = [
            {
                "name": table.name,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.type_text,
                        "nullable": column.nullable,
                        "default_value": column.default,
                    }
                    for column in table.columns
                ],
                "constraints": [
                    {"name": c.name, "type": c.kind, "definition": c.definition} for c in table.constraints
                ],
                "rls_enabled": True,
                "policies": rows.policy_rows(exposed.tables.get(table.name)),
                "row_estimate": rows.count(database, table.name),
            }
            for table in database.catalog
        ]
    return answer({"schema": project.schema_slot, "tables": tables})


def expose(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    access.require_open(call, project)
    try:
        changed = exposing.apply(call.gateway.store.databases.open(project.id), call.json())
    except exposing.RefusedManifest as error:
        raise manifest_problem(error) from error
    except (SqlError, Unsupported, Blocked) as error:
        raise sql_problem(error) from error
    return answer({"status": "ok", "project_id": project.id, **changed})


def manifest_problem(error: exposing.RefusedManifest) -> Problem:
    return bad_request("INVALID_MANIFEST", str(error), errors=error.errors, resource="database.expose")


def exposed(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    found = call.gateway.store.databases.open(project.id).setting(rows.EXPOSE)
    manifest = found or {"version": "1", "tables": [], "views": [], "rpcs": []}
    source = "applied" if found else "introspected"
    return answer({"status": "ok", "project_id": project.id, "source": source, "manifest": manifest})


def validate(call: Call) -> Response:
    """200 whatever is found; `migration_sql` is tried and undone."""
    project = access.serviced_project(call, call.path_param("id"))
    return _validated(call, call.gateway.store.databases.open(project.id))


def validate_alone(call: Call) -> Response:
    """Without a project: the tables are those that `migration_sql` makes."""
    access.wallet(call)
    return _validated(call, None)


def _validated(call: Call, database: ProjectDatabase | None) -> Response:
    body = call.json()
    manifest, migration = body.get("manifest"), body.get("migration_sql")
    if isinstance(manifest, str):
        try:
            manifest = json.loads(manifest)
        except ValueError:
            manifest = None
    if migration is not None and not isinstance(migration, str):
        raise bad_request("BAD_FIELD", "'migration_sql' must be a text.", field="migration_sql")
    return answer(validated(manifest, shape_after(database, [migration] if migration else [])))


def rls(call: Call) -> Response:
    """Retired on 2026-05-23 (apply 1.7)."""
    access.serviced_project(call, call.path_param("id"))
    raise Problem(
        410,
        "ENDPOINT_RETIRED",
        "RLS templates are gone; apply an expose manifest instead.",
        category="lifecycle",
        hint="POST /projects/v1/admin/:id/expose, or database.expose in a release spec.",
    )


routes = [
    Route("/projects/v1/expose/validate", endpoint(validate_alone), methods=["POST"]),
    Route("/projects/v1/admin/{id}/sql", endpoint(run), methods=["POST"]),
    Route("/projects/v1/admin/{id}/schema", endpoint(schema), methods=["GET"]),
    Route("/projects/v1/admin/{id}/expose", endpoint(expose), methods=["POST"]),
    Route("/projects/v1/admin/{id}/expose", endpoint(exposed), methods=["GET"]),
    Route("/projects/v1/admin/{id}/expose/validate", endpoint(validate), methods=["POST"]),
    Route("/projects/v1/admin/{id}/rls", endpoint(rls), methods=["POST"]),
]
