"""The automatic API of a project's tables: PostgREST's addresses, preferences and errors (apply 1.6, 1.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import SqlError, Unsupported
from sandbox.data.functions import Caller
from sandbox.data.rest import tables
from sandbox.data.rest.tables import Answer, Ask
from sandbox.problems import forbidden, not_run_here
from sandbox.resources.callers import Visitor, visitor
from sandbox.resources.sql import require_no_migration
from sandbox.web import Call, answer, endpoint

_OBJECT = "application/vnd.pgrst.object+json"
_STATUS = {
    "23503": 409,
    "23505": 409,
    "42P01": 404,
    "57014": 500,
    "PGRST103": 416,
    "PGRST116": 406,
    "PGRST205": 404,
    "PGRST301": 401,
}


def handle(call: Call) -> Response:
    found = visitor(call)
    database = call.gateway.store.databases.open(found.project.id)
    method = call.request.method
    if method not in ("GET", "HEAD"):
        require_no_migration(call, found.project)
    try:
        return _METHODS[method](call, database, _ask(call, found.caller))
    except SqlError as error:
        return failed(error, found)
    except Unsupported as error:
        raise not_run_here(f"REST: {error}") from error


def failed(error: SqlError, found: Visitor) -> Response:
    """PostgREST's error body; what a role may not do is 401 for strangers and 403 for the others."""
    status = _STATUS.get(error.sqlstate, 400)
    if error.sqlstate == "42501":
        status = 401 if found.caller.role == "anon" else 403
    body = {"code": error.sqlstate, "details": error.details, "hint": error.hint, "message": str(error)}
    return answer(body, status)


def _ask(call: Call, caller: Caller) -> Ask:
    items = call.request.query_params.multi_items()
    return Ask(
        table=call.path_param("table"),
        caller=caller,
        parameters=dict(call.request.query_params),
        filters=tables.filters_of(items),
        prefer=_preferences(call.header("prefer") or ""),
        range_header=call.header("range"),
    )


def _preferences(text: str) -> dict[str, str]:
    pairs = (item.strip().partition("=") for item in text.split(","))
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def _read(call: Call, database: ProjectDatabase, ask: Ask) -> Response:
    found = tables.read(database, ask)
    partial = found.total is not None and len(found.rows) < found.total
    headers = {"Content-Range": found.slice.content_range(len(found.rows), found.total)}
    body = _one(found.rows) if _wants_object(call) else found.rows
    return answer(body, 206 if partial else 200, headers)


def _insert(call: Call, database: ProjectDatabase, ask: Ask) -> Response:
    body = _body(call)
    rows = body if isinstance(body, list) else [body]
    if not all(isinstance(row, dict) for row in rows):
        raise SqlError("PGRST102", "Empty or invalid json")
    if any(row.keys() != rows[0].keys() for row in rows[1:]) and "columns" not in ask.parameters:
        raise SqlError("PGRST102", "All object keys must match")
    made = tables.insert(database, ask, [_chosen(ask, row) for row in rows])
    return _written(call, ask, made, status=201)


def _chosen(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    """With `columns`, only these keys of the body count."""
    if "columns" not in ask.parameters:
        return row
    names = [name.strip().strip('"') for name in ask.parameters["columns"].split(",")]
    return {name: row[name] for name in names if name in row}


def _update(call: Call, database: ProjectDatabase, ask: Ask) -> Response:
    body = _body(call)
    if not isinstance(body, dict):
        raise SqlError("PGRST102", "Empty or invalid json")
    return _written(call, ask, tables.update(database, ask, body))


def _delete(call: Call, database: ProjectDatabase, ask: Ask) -> Response:
    return _written(call, ask, tables.delete(database, ask))


def _written(call: Call, ask: Ask, made: Answer, *, status: int = 200) -> Response:
    """Rows where `return=representation` asks for them, nothing otherwise."""
    total = "*" if made.total is None else str(made.total)
    headers = {"Content-Range": f"*/{total}", **_applied(ask.prefer)}
    if ask.prefer.get("return") != "representation":
        return Response(status_code=201 if status == 201 else 204, headers=headers)
    return answer(_one(made.rows) if _wants_object(call) else made.rows, status, headers)


def _applied(prefer: Mapping[str, str]) -> dict[str, str]:
    known = [f"{name}={prefer[name]}" for name in ("return", "count", "resolution") if name in prefer]
    return {"Preference-Applied": ", ".join(known)} if known else {}


def _wants_object(call: Call) -> bool:
    return _OBJECT in (call.header("accept") or "")


def _one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    if len(rows) == 1:
        return rows[0]
    text = "JSON object requested, multiple (or no) rows returned"
    raise SqlError("PGRST116", text, details=f"The result contains {len(rows)} rows")


def _body(call: Call) -> Any:
    try:
        return json.loads(call.body)
    except ValueError as error:
        raise SqlError("PGRST102", "Empty or invalid json") from error


def rpc(call: Call) -> Response:
    """The sandbox makes no SQL functions, so none can be listed in a manifest."""
    visitor(call)
    raise forbidden("forbidden_function: no function of this name is exposed.", code="forbidden_function")


_METHODS = {"GET": _read, "HEAD": _read, "POST": _insert, "PATCH": _update, "DELETE": _delete}

routes = [
    Route("/rest/v1/rpc/{name}", endpoint(rpc), methods=["GET", "POST"]),
    Route("/rest/v1/{table}", endpoint(handle), methods=list(_METHODS)),
    Route("/admin/v1/rest/{table}", endpoint(handle), methods=list(_METHODS)),
]
