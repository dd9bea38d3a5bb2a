"""The expose manifest: which tables and views the automatic API shows, and by which policy (apply 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OWNED = "user_owns_rows"
PUBLIC_READ = "public_read_authenticated_write"
UNRESTRICTED = "public_read_write_UNRESTRICTED"
CUSTOM = "custom"
POLICIES = (OWNED, PUBLIC_READ, UNRESTRICTED, CUSTOM)


class BadManifest(Exception):
    """The manifest has not the shape of one."""


@dataclass(frozen=True)
class TableRule:
    name: str
    policy: str
    owner_column: str | None = None
    force_owner: bool = False
    acknowledged: bool = False


@dataclass(frozen=True)
class View:
    """`filter` is PostgreSQL's text of a condition."""

    name: str
    base: str
    columns: tuple[str, ...]
    filter: str | None = None


@dataclass(frozen=True)
class Manifest:
    """Only what is exposed; `raw` is the manifest as it was given."""

    tables: Mapping[str, TableRule] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    rpcs: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


def read_manifest(raw: object) -> Manifest:
    """Raises BadManifest."""
    if not isinstance(raw, dict):
        raise BadManifest("A manifest is an object.")
    if raw.get("version", "1") != "1":
        raise BadManifest("The manifest's 'version' must be \"1\".")
    unknown = sorted(set(raw) - {"$schema", "version", "tables", "views", "rpcs"})
    if unknown:
        raise BadManifest(f"A manifest has no '{unknown[0]}'.")
    tables = [_table(item) for item in _items(raw, "tables") if item.get("expose", True)]
    views = [_view(item) for item in _items(raw, "views") if item.get("expose", True)]
    names = [rule.name for rule in tables] + [view.name for view in views]
    if len(set(names)) != len(names):
        raise BadManifest("The manifest names something twice.")
    rpcs = tuple(_text(item, "name", "rpcs") for item in _items(raw, "rpcs"))
    return Manifest({rule.name: rule for rule in tables}, {view.name: view for view in views}, rpcs, raw)


def _items(raw: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    value = raw.get(section) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadManifest(f"'{section}' must be a list of objects.")
    return value


def _text(item: Mapping[str, Any], name: str, section: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise BadManifest(f"Each of '{section}' needs '{name}'.")
    return value


def _table(item: Mapping[str, Any]) -> TableRule:
    name, policy = _text(item, "name", "tables"), item.get("policy")
    if policy not in POLICIES:
        raise BadManifest(f"The table '{name}' needs a policy: one of {', '.join(POLICIES)}.")
    owner = item.get("owner_column")
    if owner is not None and not isinstance(owner, str):
        raise BadManifest(f"'owner_column' of '{name}' must be the name of a column.")
    if policy == OWNED and not owner and not item.get("force_owner_on_insert"):
        raise BadManifest(f"The policy {OWNED} of '{name}' needs 'owner_column'.")
    return TableRule(
        name=name,
        policy=str(policy),
        owner_column=owner,
        force_owner=bool(item.get("force_owner_on_insert")),
        acknowledged=item.get("i_understand_this_is_unrestricted") is True,
    )


def _view(item: Mapping[str, Any]) -> View:
    name, base = _text(item, "name", "views"), _text(item, "base", "views")
    columns, condition = item.get("select"), item.get("filter")
    if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
        raise BadManifest(f"The view '{name}' needs the columns it shows as 'select'.")
    if condition is not None and not isinstance(condition, str):
        raise BadManifest(f"'filter' of the view '{name}' must be a condition.")
    return View(name, base, tuple(columns), condition)
