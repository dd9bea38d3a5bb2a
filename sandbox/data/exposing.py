"""Apply an expose manifest: it replaces the one before, and what it does not list goes dark."""

from __future__ import annotations

from typing import Any

from sandbox.data.catalog import quote
from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import Unsupported
from sandbox.data.manifest import CUSTOM, Manifest, read_manifest
from sandbox.data.rows import EXPOSE, FILTERS, exposed
from sandbox.data.validation import Shape, validate


class RefusedManifest(Exception):
    """The manifest does not fit the schema; `errors` are the issues."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["detail"])
        self.errors = errors


def shape_of(database: ProjectDatabase) -> Shape:
    return Shape({table.name: frozenset(table.names) for table in database.catalog})


def check(raw: object, shape: Shape) -> Manifest:
    """Raises RefusedManifest, or Unsupported for the policy that the sandbox does not run."""
    found = validate(raw, shape)
    if found["errors"]:
        raise RefusedManifest(found["errors"])
    manifest = read_manifest(raw)
    if any(rule.policy == CUSTOM for rule in manifest.tables.values()):
        raise Unsupported("the expose policy 'custom'")
    return manifest


def apply(database: ProjectDatabase, raw: dict[str, Any]) -> dict[str, Any]:
    """What became visible and what went dark, by name. Raises RefusedManifest, SqlError or Unsupported."""
    manifest = check(raw, shape_of(database))
    before = exposed(database)
    with database.transaction():
        filters = {
            view.name: _filter(database, view.base, view.filter)
            for view in manifest.views.values()
            if view.filter
        }
        database.keep_setting(EXPOSE, raw)
        database.keep_setting(FILTERS, filters)
    new, old = _names(manifest), _names(before)
    return {
        "applied": new,
        "dropped": {section: sorted(set(old[section]) - set(new[section])) for section in new},
    }


def _filter(database: ProjectDatabase, base: str, text: str) -> str:
    """The condition for SQLite, tried out once."""
    from sandbox.data.dialect import parse, render  # loads sqlglot, so only when it is needed
    from sandbox.data.statements import known_columns
    from sandbox.data.translator import Translator

    trees = parse(f"SELECT 1 WHERE {text}")
    table = database.catalog.find(base)
    where = trees[0].args.get("where") if len(trees) == 1 else None
    if table is None or where is None:
        raise Unsupported(f"the filter '{text}'")
    condition = render(Translator(known_columns([table])).expression(where.this))
    database.run(f"SELECT 1 FROM {quote(base)} WHERE {condition} LIMIT 0")  # noqa: S608 - translated
    return condition


def _names(manifest: Manifest) -> dict[str, list[str]]:
    return {
        "tables": sorted(manifest.tables),
        "views": sorted(manifest.views),
        "rpcs": sorted(manifest.rpcs),
    }
