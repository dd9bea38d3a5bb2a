"""Read PostgreSQL's text into sqlglot's trees, and print trees for SQLite.

Importing this module loads sqlglot, so it is imported when the first SQL arrives and not before.
"""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from sandbox.data.errors import Blocked, SqlError, Unsupported
from sandbox.data.kinds import Type
from sandbox.data.vocabulary import BLOCKED, TYPES

Node = exp.Expr
ASSIGNS = "assigns"
HIDDEN = ("run402_", "sqlite_", "pg_")


class BackQuoted(SQLite):
    """SQLite takes an unknown name in double quotes for a text, but never one in back quotes."""

    class Tokenizer(SQLite.Tokenizer):
        IDENTIFIERS = ["`", '"']


logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it reports on the console what we refuse in words


def parse(sql: str) -> list[Node]:
    """The statements of a text. Raises SqlError, Blocked or Unsupported."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="postgres") if tree is not None]
    except SqlglotError as error:
        first = getattr(error, "errors", None) or [{}]
        near = first[0].get("highlight") or sql.strip()[:20]
        raise SqlError("42601", f'syntax error at or near "{near}"') from error
    for tree in trees:
        _refuse_commands(tree)
    return [tree for tree in trees if not isinstance(tree, exp.Semicolon)]


def _refuse_commands(tree: Node) -> None:
    text = " ".join(tree.sql(dialect="postgres").upper().split())
    for pattern in BLOCKED:
        if text.startswith(pattern):
            raise Blocked(pattern)
    if isinstance(tree, exp.Command):
        if "ROW LEVEL SECURITY" in text or " POLICY " in text:
            raise Unsupported("row level security in SQL (use database.expose)")
        raise Unsupported(" ".join(text.split(" ")[:2]))


def render(tree: Node) -> str:
    return str(tree.sql(dialect=BackQuoted, identify=True))


def original(tree: Node) -> str:
    """An expression as PostgreSQL prints it."""
    text = tree.sql(dialect="postgres", normalize_functions="lower")
    return str(text).replace("CURRENT_TIMESTAMP", "now()").replace("GEN_RANDOM_UUID", "gen_random_uuid")


def name_of(node: Node | None) -> str:
    """The folded name of an identifier, or of what carries one."""
    found = node if isinstance(node, exp.Identifier) else node.find(exp.Identifier) if node else None
    if found is None:
        raise Unsupported("a statement without a name")
    return str(found.this) if found.args.get("quoted") else str(found.this).lower()


def table_name(node: Node | None) -> str:
    """The name of a table of the public schema. Raises for internal tables and other schemas."""
    table = node.find(exp.Table) if node is not None else None
    if table is None:
        raise Unsupported("a statement without a table")
    if table.args.get("catalog") or str(table.db).lower() not in ("", "public"):
        raise Unsupported(f"the schema '{table.db}'")
    name = name_of(table.this)
    if name.startswith(HIDDEN):
        raise SqlError("42501", f"permission denied for table {name}")
    return name


def read_type(node: exp.DataType) -> Type:
    kind = node.this
    found = TYPES.get(str(getattr(kind, "value", kind)).upper())
    if found is None:
        raise Unsupported(f"the type {node.sql(dialect='postgres')}")
    sizes = tuple(int(size.name) for size in node.expressions if size.name.isdigit())
    return Type(found, sizes if found in ("numeric", "character varying", "character") else ())


def call(name: str, *arguments: Node) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast_to(kind: Type, node: Node) -> Node:
    return call("pg_cast", exp.Literal.string(str(kind)), node)
