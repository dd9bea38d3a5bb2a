"""Who may do what with which rows: the policies of the expose manifest, as conditions on statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.data.catalog import Table, quote
from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import SqlError
from sandbox.data.functions import Caller
from sandbox.data.manifest import CUSTOM, OWNED, PUBLIC_READ, Manifest, TableRule, View, read_manifest

EXPOSE = "expose"
FILTERS = "expose_filters"
READ = "read"


@dataclass(frozen=True)
class Relation:
    """What a caller sees under a name: some columns of a table, and of its rows those that fit `condition`.

    `owner` names the column that must hold the caller's id in every row the caller writes.
    """

    name: str
    table: Table
    columns: tuple[str, ...]
    condition: str = "1"
    values: dict[str, Any] = field(default_factory=dict)
    owner: str | None = None
    fills_owner: bool = False


def exposed(database: ProjectDatabase) -> Manifest:
    return read_manifest(database.setting(EXPOSE) or {})


def relation(database: ProjectDatabase, name: str, caller: Caller, action: str) -> Relation:
    """What `caller` may use for `action` (read, insert, update, delete). Raises SqlError when nothing."""
    manifest = Manifest() if caller.is_service else exposed(database)
    view = exposed(database).views.get(name)
    if view:
        return _view(database, view, manifest, caller, action)
    table = _table(database, name)
    if caller.is_service:
        return Relation(name, table, table.names)
    rule = manifest.tables.get(name)
    if rule is None:
        raise denied(name)
    return _ruled(table, rule, caller, action)


def _table(database: ProjectDatabase, name: str) -> Table:
    table = database.catalog.find(name)
    if table is None:
        text = f"Could not find the table 'public.{name}' in the schema cache"
        raise SqlError("PGRST205", text)
    return table


def denied(name: str) -> SqlError:
    return SqlError("42501", f"permission denied for table {name}")


def violated(name: str) -> SqlError:
    return SqlError("42501", f'new row violates row-level security policy for table "{name}"')


def _ruled(table: Table, rule: TableRule, caller: Caller, action: str) -> Relation:
    everything = Relation(table.name, table, table.names)
    if rule.policy == OWNED and rule.owner_column:
        return _owned(table, rule, rule.owner_column, caller, action)
    if rule.policy == CUSTOM or (rule.policy == PUBLIC_READ and action != READ and caller.uid is None):
        raise denied(table.name)
    return everything


def _owned(table: Table, rule: TableRule, owner: str, caller: Caller, action: str) -> Relation:
    """Nobody's rows are visible to who is not signed in."""
    if action == "insert" and caller.uid is None:
        raise violated(table.name)
    condition = f"{quote(owner)} = :policy_uid"
    return Relation(
        table.name, table, table.names, condition, {"policy_uid": caller.uid}, owner, rule.force_owner
    )


def _view(database: ProjectDatabase, view: View, manifest: Manifest, caller: Caller, action: str) -> Relation:
    """Views are read as their caller: the policy of the base goes on counting (apply 1.7, security_invoker)."""
    if action != READ:
        raise SqlError("42501", f"permission denied for view {view.name}")
    table = _table(database, view.base)
    inner = Relation(view.base, table, table.names)
    if not caller.is_service:
        rule = manifest.tables.get(view.base)
        if rule is None:
            raise denied(view.base)
        inner = _ruled(table, rule, caller, action)
    condition = (database.setting(FILTERS) or {}).get(view.name)
    both = f"({inner.condition}) AND ({condition})" if condition else inner.condition
    return Relation(view.name, table, view.columns, both, inner.values)


def policy_rows(rule: TableRule | None) -> list[dict[str, Any]]:
    """The policies of a table as the schema report words them (apply 1.5)."""
    if rule is None:
        return []
    if rule.policy == OWNED:
        own = f"({rule.owner_column} = auth.uid())"
        return [_policy(f"{rule.name}_owner", "ALL", own, own)]
    signed_in = "(auth.uid() IS NOT NULL)"
    write = signed_in if rule.policy == PUBLIC_READ else "true"
    return [
        _policy(f"{rule.name}_read", "SELECT", "true", None),
        *(
            _policy(f"{rule.name}_{verb.lower()}", verb, write, write)
            for verb in ("INSERT", "UPDATE", "DELETE")
        ),
    ]


def _policy(name: str, command: str, using: str, check: str | None) -> dict[str, Any]:
    return {"name": name, "command": command, "using_expression": using, "check_expression": check}


def count(database: ProjectDatabase, table: str) -> int:
    return int(database.run(f"SELECT count(*) AS count FROM {quote(table)}").rows[0]["count"])  # noqa: S608 - quoted
