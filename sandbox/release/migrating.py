"""Migrations and exposure of a deploy: what is new, what would be wrong, and the running of both (apply 2.3.2, 2.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sandbox.data import exposing, rows
from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import Blocked, SqlError, Unsupported
from sandbox.data.validation import Shape
from sandbox.problems import Problem, bad_request, conflict, forbidden, not_run_here
from sandbox.release.state import Migration, ReleaseState
from sandbox.store import Store
from sandbox.store.operations import Operation


class _Undo(Exception):
    """Ends a rehearsal."""


def registry(database: ProjectDatabase | None) -> dict[str, dict[str, Any]]:
    """What was applied, by migration id: checksum, operation_id, applied_at."""
    if database is None:
        return {}
    with database.transaction():
        found = database.run("SELECT * FROM run402_migrations").rows
    return {row["id"]: row for row in found}


def fresh(store: Store, project_id: str, migrations: Iterable[Migration]) -> list[Migration]:
    """Those that were not applied yet. Raises Problem when an applied one has other SQL now."""
    known = registry(store.databases.find(project_id))
    found = []
    for migration in migrations:
        applied = known.get(migration.id)
        if applied is None:
            found.append(migration)
        elif applied["checksum"] != migration.checksum:
            raise _mismatch(migration, applied)
    return found


def _mismatch(migration: Migration, applied: Mapping[str, Any]) -> Problem:
    return conflict(
        "MIGRATION_CHECKSUM_MISMATCH",
        f"The migration '{migration.id}' was applied with other SQL; give the change an id of its own.",
        phase="plan",
        resource=f"database.migrations.{migration.id}",
        details={
            "migration_id": migration.id,
            "operation_id": applied["operation_id"],
            "applied_checksum": applied["checksum"],
            "requested_checksum": migration.checksum,
        },
        next_actions=("edit_request",),
    )


def changes_exposure(store: Store, project_id: str, expose: Mapping[str, Any] | None) -> bool:
    """Whether a manifest differs from the one that is applied."""
    if expose is None:
        return False
    database = store.databases.find(project_id)
    return database is None or database.setting(rows.EXPOSE) != dict(expose)


def sql_of(store: Store, project_id: str, migration: Migration, inline: Mapping[str, bytes]) -> str | None:
    """The text of a migration; None while its bytes have not arrived."""
    content = inline.get(migration.checksum)
    if content is None and store.content.size(project_id, migration.checksum) is not None:
        content = store.blobs.read(migration.checksum)
    return None if content is None else content.decode("utf-8", "replace")


def check(
    store: Store, project_id: str, texts: Sequence[str | None], expose: Mapping[str, Any] | None
) -> None:
    """Refuse before anything changes what cannot be run, and a manifest that would not fit. Raises Problem.

    A statement that merely fails is not looked for here: that is the migration's to find out.
    """
    for text in texts:
        if text is not None:
            _check_text(text)
    if expose is None:
        return
    try:
        exposing.check(dict(expose), shape_after(store.databases.find(project_id), texts))
    except exposing.RefusedManifest as error:
        fields: dict[str, Any] = {"resource": "database.expose", "errors": error.errors, "phase": "validate"}
        raise bad_request("INVALID_SPEC", str(error), **fields) from error
    except Unsupported as error:
        raise not_run_here(f"database.expose: {error}") from error


def _check_text(text: str) -> None:
    from sandbox.data import script  # loads sqlglot, so only when it is needed

    try:
        script.read(text)
    except Unsupported as error:
        raise not_run_here(f"database.migrations: {error}") from error
    except Blocked as error:
        raise forbidden(f"This SQL is blocked: it matches {error}.", code="SQL_BLOCKED") from error
    except SqlError:
        return


def shape_after(database: ProjectDatabase | None, texts: Sequence[str | None]) -> Shape:
    """The schema after some SQL, found by running it and undoing it."""
    if database is None:
        return _shape_in_memory(texts)
    if not texts:
        return exposing.shape_of(database)
    return _rehearsed(database, texts)


def _shape_in_memory(texts: Sequence[str | None]) -> Shape:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        database = ProjectDatabase(Path(folder) / "rehearsal.sqlite3")
        try:
            return _rehearsed(database, texts)
        finally:
            database.close()


def _rehearsed(database: ProjectDatabase, texts: Sequence[str | None]) -> Shape:
    """Complete only where all of the SQL is here and runs."""
    from sandbox.data import script  # loads sqlglot, so only when it is needed

    shape, complete = exposing.shape_of(database), False
    with suppress(_Undo), database.transaction(schema=True):
        with suppress(SqlError, Unsupported, Blocked):
            for tree in (tree for text in texts if text is not None for tree in script.read(text)):
                script.run(database, tree)
            complete = None not in texts
        shape = Shape(exposing.shape_of(database).tables, complete)
        raise _Undo
    return shape


def has_work(store: Store, state: ReleaseState, project_id: str) -> bool:
    known = registry(store.databases.find(project_id))
    missing = any(migration.id not in known for migration in state.migrations)
    return missing or changes_exposure(store, project_id, state.expose)


def migrate(store: Store, operation: Operation, state: ReleaseState, *, now: float) -> dict[str, Any] | None:
    """Run what is new. Returns the error it ends with."""
    database = store.databases.open(operation.project_id)
    try:
        waiting = fresh(store, operation.project_id, state.migrations)
    except Problem as problem:
        return _error(operation, problem.code, str(problem))
    while waiting:
        batch = _batch(waiting)
        texts = [sql_of(store, operation.project_id, migration, {}) for migration in batch]
        if None in texts:
            return _error(
                operation, "MIGRATION_SQL_NOT_FOUND", f"The SQL of '{batch[0].id}' was not uploaded."
            )
        error = _run(database, operation, list(zip(batch, map(str, texts), strict=True)), now)
        if error:
            return error
        waiting = waiting[len(batch) :]
    return None


def _batch(waiting: Sequence[Migration]) -> list[Migration]:
    """All up to the next one without a transaction, which runs alone."""
    if waiting[0].transaction == "none":
        return [waiting[0]]
    batch = []
    for migration in waiting:
        if migration.transaction == "none":
            break
        batch.append(migration)
    return batch


def _run(
    database: ProjectDatabase, operation: Operation, batch: Sequence[tuple[Migration, str]], now: float
) -> dict[str, Any] | None:
    """One batch in one transaction, or one migration statement by statement."""
    from sandbox.data import script  # loads sqlglot, so only when it is needed

    current = batch[0][0]
    try:
        if current.transaction == "none":
            for tree in script.read(batch[0][1]):
                with database.transaction(schema=script.changes_schema([tree])):
                    script.run(database, tree)
            with database.transaction():
                _register(database, current, operation, now)
            return None
        with database.transaction(schema=True):
            for current, text in batch:
                for tree in script.read(text):
                    script.run(database, tree)
                _register(database, current, operation, now)
    except (SqlError, Unsupported, Blocked) as error:
        return _failed(operation, current, error)
    return None


def _register(database: ProjectDatabase, migration: Migration, operation: Operation, now: float) -> None:
    values = (migration.id, migration.checksum, operation.id, now)
    database.run("INSERT INTO run402_migrations VALUES (?, ?, ?, ?)", values)


def _failed(operation: Operation, migration: Migration, error: Exception) -> dict[str, Any]:
    halfway = migration.transaction == "none"
    text = str(error) if isinstance(error, SqlError) else f"This sandbox does not run this SQL: {error}."
    return _error(
        operation,
        "MIGRATION_FAILED",
        text,
        status="needs_repair" if halfway else "failed",
        rolled_back=not halfway,
        mutation_state="partial" if halfway else "rolled_back",
        resource=f"database.migrations.{migration.id}",
        details={"migration_id": migration.id, "sqlstate": getattr(error, "sqlstate", None)},
    )


def settle(store: Store, operation: Operation, state: ReleaseState) -> dict[str, Any] | None:
    """Apply the exposure. Returns the error it ends with."""
    if not changes_exposure(store, operation.project_id, state.expose) or state.expose is None:
        return None
    try:
        exposing.apply(store.databases.open(operation.project_id), dict(state.expose))
    except exposing.RefusedManifest as error:
        return _error(operation, "INVALID_SPEC", str(error), phase="schema-settle", errors=error.errors)
    except (SqlError, Unsupported, Blocked) as error:
        return _error(operation, "INVALID_SPEC", f"The manifest was refused: {error}", phase="schema-settle")
    return None


def _error(operation: Operation, code: str, message: str, **fields: Any) -> dict[str, Any]:
    return {
        "status": "failed",
        "code": code,
        "message": message,
        "phase": "migrate",
        "retryable": False,
        "safe_to_retry": True,
        "mutation_state": "rolled_back",
        "rolled_back": True,
        "operation_id": operation.id,
        "plan_id": operation.plan_id,
        **fields,
    }
