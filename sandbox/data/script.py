"""Run PostgreSQL text statement by statement on a project's database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from sandbox.data.ddl import KINDS, SCHEMA, Schema
from sandbox.data.dialect import Node, parse
from sandbox.data.engine import ProjectDatabase, Result, translated
from sandbox.data.errors import SqlError, Unsupported
from sandbox.data.statements import ROWS, prepare


def read(sql: str) -> list[Node]:
    """The statements. BEGIN at the start and COMMIT at the end fall away: the whole text is one transaction."""
    trees = parse(sql)
    if trees and isinstance(trees[0], exp.Transaction):
        trees = trees[1:]
    if trees and isinstance(trees[-1], exp.Commit):
        trees = trees[:-1]
    for tree in trees:
        _check_kind(tree)
    return trees


def _check_kind(tree: Node) -> None:
    verb = str(tree.sql(dialect="postgres").split(" ")[0].upper())
    if not isinstance(tree, (*SCHEMA, *ROWS)):
        raise Unsupported(verb)
    kind = str(tree.args.get("kind") or "TABLE").upper()
    if isinstance(tree, SCHEMA) and kind not in KINDS[type(tree)]:
        raise Unsupported(f"{verb} {kind}")


def changes_schema(trees: Sequence[Node]) -> bool:
    return any(isinstance(tree, SCHEMA) for tree in trees)


def run(database: ProjectDatabase, tree: Node, params: Sequence[Any] = ()) -> Result:
    """One statement, inside the caller's transaction. Raises SqlError or Unsupported."""
    if isinstance(tree, SCHEMA):
        return _change(database, tree)
    used = {int(node.name) for node in tree.find_all(exp.Parameter) if node.name.isdigit()}
    if used and max(used) > len(params):
        raise SqlError("08P01", f"the statement needs {max(used)} parameters, {len(params)} were given")
    prepared = prepare(tree, database.catalog)
    values = {f"p{number}": _bound(value) for number, value in enumerate(params, start=1)}
    return database.run(prepared.sql, values, prepared.kinds)


def _change(database: ProjectDatabase, tree: Node) -> Result:
    import sqlite3

    try:
        Schema(database.connection, database.catalog).run(tree)
    except sqlite3.Error as error:
        raise translated(error) from error
    return Result()


def _bound(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
