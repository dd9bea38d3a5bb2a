"""Queries and changes of rows: PostgreSQL text in, one SQLite statement out, with the types of what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from sandbox.data.catalog import Catalog, Column, Table
from sandbox.data.dialect import ASSIGNS, Node, cast_to, name_of, render, table_name
from sandbox.data.errors import SqlError, Unsupported, no_relation
from sandbox.data.kinds import BOOLEAN, Type
from sandbox.data.translator import Translator

ROWS = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.Insert, exp.Update, exp.Delete)
_TRUTH = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean, exp.Exists, exp.Escape)
_JSON = ("json_object", "json_array", "json_group_array", "json_group_object")


@dataclass(frozen=True)
class Prepared:
    """`kinds` are types, by position, of answered columns whose declaration SQLite does not know."""

    sql: str
    answers_rows: bool
    kinds: dict[int, str]


def prepare(tree: Node, catalog: Catalog) -> Prepared:
    """Raises SqlError or Unsupported."""
    tables = _tables(tree, catalog)
    translator = Translator(known_columns(tables.values()))
    if isinstance(tree, (exp.Insert, exp.Update)):
        _refuse_joins(tree)
        _assign(tree, tables, translator)
    if isinstance(tree, exp.Delete) and tree.args.get("using"):
        raise Unsupported("DELETE ... USING")
    for cte in tree.find_all(exp.CTE):
        if isinstance(cte.this, (exp.Insert, exp.Update, exp.Delete)):
            raise Unsupported("WITH that changes rows")
    for select in tree.find_all(exp.Select):
        select.set("locks", [])
    _unqualify(tree.args.get("returning"))
    shown = _shown(tree)
    names = [_output_name(node) for node in shown]
    translator.rewrite(tree)
    kinds = _name_outputs(_shown(tree), names)
    return Prepared(render(tree), _answers(tree), kinds)


def _unqualify(returning: Node | None) -> None:
    """RETURNING is about one table, and SQLite does not want it named."""
    for column in returning.find_all(exp.Column) if returning else ():
        column.set("table", None)


def _tables(tree: Node, catalog: Catalog) -> dict[str, Table]:
    """The tables that a statement names; queries named by WITH are none."""
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[str, Table] = {}
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func):
            continue
        name = table_name(node)
        table = None if name in own else catalog.find(name)
        if table:
            found[name] = table
        elif name not in own and not catalog.has_view(name):
            raise no_relation(name)
    return found


def known_columns(tables: Iterable[Table]) -> dict[str, Type]:
    """Types by column name, without names that mean different types in different tables."""
    found: dict[str, Type] = {}
    unclear: set[str] = set()
    for table in tables:
        for column in table.columns:
            if found.setdefault(column.name, column.type) != column.type:
                unclear.add(column.name)
    return {name: kind for name, kind in found.items() if name not in unclear}


def _refuse_joins(tree: Node) -> None:
    if tree.args.get("from_") or tree.args.get("from"):
        raise Unsupported("UPDATE ... FROM")
    conflict = tree.args.get("conflict")
    if conflict and conflict.args.get("constraint"):
        raise Unsupported("ON CONFLICT ON CONSTRAINT")


def _assign(tree: Node, tables: dict[str, Table], translator: Translator) -> None:
    """Make every value that is written one of its column's type."""
    name = table_name(tree.this)
    table = tables.get(name)
    if table is None:
        raise no_relation(name)
    if isinstance(tree, exp.Update):
        _assign_all(tree.expressions, table)
        return
    conflict = tree.args.get("conflict")
    if conflict:
        plain = [
            key.this if isinstance(key, exp.Ordered) else key
            for key in conflict.args.get("conflict_keys") or []
        ]
        conflict.set("conflict_keys", plain)
        _assign_all(conflict.expressions, table)
    _insert_values(tree, table)


def _assign_all(pairs: list[Node], table: Table) -> None:
    for pair in pairs:
        if not isinstance(pair, exp.EQ) or not isinstance(pair.this, exp.Column):
            raise Unsupported("SET with several columns at once")
        column = table.column(_folded(pair.this))
        pair.set("expression", _value(pair.args["expression"], column))
        pair.meta[ASSIGNS] = True


def _folded(node: Node) -> str:
    quoted = isinstance(node, exp.Column) and node.this.args.get("quoted")
    return node.name if quoted else node.name.lower()


def _insert_values(tree: Node, table: Table) -> None:
    schema, source = tree.this, tree.args.get("expression")
    if tree.args.get("default"):
        return
    names = (
        [name_of(node) for node in schema.expressions]
        if isinstance(schema, exp.Schema)
        else list(table.names)
    )
    columns = [table.column(name) for name in names]
    rows = source.expressions if isinstance(source, exp.Values) else []
    width = max((len(row.expressions) for row in rows), default=len(columns))
    if width > len(columns):
        raise SqlError("42601", "INSERT has more expressions than target columns")
    if isinstance(schema, exp.Schema) and rows and width < len(columns):
        raise SqlError("42601", "INSERT has more target columns than expressions")
    for row in rows:
        row.set(
            "expressions",
            [_value(node, column) for node, column in zip(row.expressions, columns, strict=False)],
        )
    if isinstance(source, exp.SetOperation):
        raise Unsupported("INSERT from a set operation")
    if isinstance(source, exp.Select):
        _select_into(source, columns)
    if isinstance(schema, exp.Table):
        used = [exp.to_identifier(column.name, quoted=True) for column in columns[:width]]
        tree.set("this", exp.Schema(this=schema, expressions=used))


def _select_into(source: exp.Select, columns: list[Column]) -> None:
    if any(node.is_star for node in source.expressions):
        return
    if len(source.expressions) > len(columns):
        raise SqlError("42601", "INSERT has more expressions than target columns")
    for node, column in zip(list(source.expressions), columns, strict=False):
        node.replace(exp.alias_(cast_to(column.type, node.unalias().copy()), column.name, quoted=True))


def _value(node: Node, column: Column) -> Node:
    if (
        isinstance(node, (exp.Var, exp.Column))
        and node.name.lower() == "default"
        and not node.args.get("table")
    ):
        if column.default_sql is None:
            return exp.Null()
        return exp.maybe_parse(column.default_sql, dialect="sqlite")
    return cast_to(column.type, node.copy())


def _shown(tree: Node) -> list[Node]:
    returning = tree.args.get("returning")
    if returning:
        return list(returning.expressions)
    select = tree
    while isinstance(select, (exp.SetOperation, exp.Subquery)):
        select = select.this
    return list(select.expressions) if isinstance(select, exp.Select) else []


def _answers(tree: Node) -> bool:
    return bool(tree.args.get("returning")) or not isinstance(tree, (exp.Insert, exp.Update, exp.Delete))


def _output_name(node: Node) -> str:
    """The name PostgreSQL gives an answered column; '' where the node already says it."""
    if isinstance(node, (exp.Alias, exp.Column, exp.Star)) or node.is_star:
        return ""
    if isinstance(node, exp.Cast):
        return (
            node.this.name.lower() if isinstance(node.this, exp.Column) else node.to.sql("postgres").lower()
        )
    if isinstance(node, exp.Window):
        return _output_name(node.this)
    if isinstance(node, exp.Dot):
        return str(node.expression.name).lower()
    if isinstance(node, exp.CurrentTimestamp):
        return "now"
    if isinstance(node, exp.Uuid):
        return "gen_random_uuid"
    if isinstance(node, (exp.Func, exp.Exists)) and not isinstance(node, (exp.Connector, exp.Binary)):
        return node.sql("postgres").split("(")[0].split(" ")[0].lower()
    return "?column?"


def _name_outputs(shown: list[Node], names: list[str]) -> dict[int, str]:
    """Give names to columns without one, and tell the kinds of those that are truths or JSON."""
    kinds: dict[int, str] = {}
    starred = any(node.is_star for node in shown)
    for position, (node, name) in enumerate(zip(shown, names, strict=True)):
        kind = _kind(node.unalias())
        if kind and not starred:
            kinds[position] = kind
        if name:
            node.replace(exp.alias_(node.copy(), name, quoted=True))
    return kinds


def _kind(node: Node) -> str | None:
    if isinstance(node, exp.Paren):
        return _kind(node.this)
    if isinstance(node, _TRUTH):
        return BOOLEAN
    if isinstance(node, exp.JSONExtract) and not isinstance(node, exp.JSONExtractScalar):
        return "jsonb"
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        if name == "pg_regex":
            return BOOLEAN
        if name == "pg_cast" and node.expressions[0].name in (BOOLEAN, "json", "jsonb"):
            return str(node.expressions[0].name)
        return "jsonb" if name in _JSON else None
    return None
