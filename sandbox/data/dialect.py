"""PostgreSQL expressions into SQLite's, by sqlglot's trees. What has no equal is refused by name, never approximated.

Importing this module loads sqlglot, so it is imported when the first SQL arrives and not before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from sandbox.data.errors import Blocked, SqlError, Unsupported
from sandbox.data.kinds import BOOLEAN, Type
from sandbox.data.vocabulary import BLOCKED, JSON_MAKERS, RENAMED, SAME, TYPES

Node = exp.Expr
ASSIGNS = "assigns"
HIDDEN = ("run402_", "sqlite_", "pg_")
_COERCED = {BOOLEAN, "uuid", "date", "timestamp with time zone", "timestamp without time zone"}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_REFUSED: dict[type[Node], str] = {
    exp.Array: "ARRAY", exp.Lateral: "LATERAL", exp.Unnest: "unnest", exp.Bracket: "array subscripts",
    exp.SimilarTo: "SIMILAR TO", exp.AtTimeZone: "AT TIME ZONE", exp.Any: "ANY", exp.All: "ALL (array)",
    exp.Placeholder: "? placeholders (use $1)", exp.Interval: "intervals outside of moment + interval",
    exp.Into: "SELECT INTO", exp.Command: "this statement", exp.Collate: "COLLATE", exp.TableSample: "TABLESAMPLE",
    exp.ArrayContainsAll: "@>", exp.ArrayContainedBy: "<@", exp.ArrayOverlaps: "&&",
}  # fmt: skip


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


class Translator:
    """Rewrites one statement in place. `columns` are the types of the columns whose names are not ambiguous."""

    def __init__(self, columns: Mapping[str, Type]) -> None:
        self._columns = columns
        self._rules: list[tuple[type[Node] | tuple[type[Node], ...], Callable[[Node], Node | None]]] = [
            (exp.Identifier, self._identifier),
            (exp.Table, self._table),
            (exp.Parameter, self._parameter),
            (exp.Cast, self._cast),
            ((exp.Add, exp.Sub), self._moved),
            ((exp.Like, exp.ILike), self._like),
            ((exp.RegexpLike, exp.RegexpILike), self._regex),
            (_COMPARISONS, self._comparison),
            ((exp.In, exp.Between), self._comparison),
            (exp.Dot, self._of_schema),
            (exp.CurrentDate, lambda _node: cast_to(Type("date"), call("pg_now"))),
            (exp.Extract, self._extract),
            (exp.TimestampTrunc, lambda node: self._unit("pg_trunc", node, node.this)),
            (exp.GroupConcat, self._group_concat),
            (exp.Rand, self._random),
            (exp.Distinct, self._distinct),
            (exp.Order, self._order),
            (exp.Func, self._function),
        ]

    def expression(self, node: Node) -> Node:
        """A value, such as a default or a condition."""
        root = exp.Paren(this=node.copy())
        self.rewrite(root)
        return root

    def rewrite(self, root: Node) -> None:
        for node in reversed(list(root.dfs())):
            replacement = self._rewritten(node)
            if replacement is not None and replacement is not node:
                node.replace(replacement)

    def _rewritten(self, node: Node) -> Node | None:
        for kind, name in _REFUSED.items():
            if isinstance(node, kind) and not isinstance(node.parent, (exp.Add, exp.Sub)):
                raise Unsupported(name)
        for kinds, rule in self._rules:
            if isinstance(node, kinds):
                return rule(node)
        return None

    def _identifier(self, node: Node) -> None:
        if not node.args.get("quoted"):
            node.set("this", str(node.this).lower())

    def _table(self, node: Node) -> None:
        if isinstance(node.this, exp.Func):
            raise Unsupported(f"{node.this.sql(dialect='postgres').split('(')[0]} as a table")
        table_name(node)
        node.set("db", None)

    def _parameter(self, node: Node) -> Node:
        return exp.Placeholder(this=f"p{node.this.name}")

    def _cast(self, node: Node) -> Node:
        return cast_to(read_type(node.args["to"]), node.this)

    def _moved(self, node: Node) -> Node | None:
        interval = node.args["expression"]
        if not isinstance(interval, exp.Interval):
            if isinstance(node.this, exp.Interval):
                raise Unsupported("interval + moment (write moment + interval)")
            return None
        unit = interval.args.get("unit")
        text = f"{interval.this.name} {unit.name if unit else ''}".strip().lower()
        sign = exp.Literal.number(1 if isinstance(node, exp.Add) else -1)
        return call("pg_shift", node.this, exp.Literal.string(text), sign)

    def _like(self, node: Node) -> Node:
        left, right = node.this, node.args["expression"]
        if isinstance(node, exp.ILike):
            left, right = call("lower", left), call("lower", right)
        like: Node = exp.Like(this=left, expression=right)
        if not isinstance(node.parent, exp.Escape):
            like = exp.Escape(this=like, expression=exp.Literal.string("\\"))
        return exp.Not(this=exp.Paren(this=like)) if node.args.get("negate") else like

    def _regex(self, node: Node) -> Node:
        flag = exp.Literal.number(int(isinstance(node, exp.RegexpILike)))
        return call("pg_regex", node.this, node.args["expression"], flag)

    def _comparison(self, node: Node) -> None:
        """Text and parameters beside a column of another type become that type, as PostgreSQL reads them."""
        if node.meta.get(ASSIGNS):
            return
        sides = [child for child in node.iter_expressions() if not isinstance(child, exp.Query)]
        kinds = [self._columns.get(side.name) for side in sides if isinstance(side, exp.Column)]
        kind = next((kind for kind in kinds if kind and kind.name in _COERCED), None)
        if kind is None:
            return
        for side in sides:
            if isinstance(side, exp.Placeholder) or (isinstance(side, exp.Literal) and side.is_string):
                side.replace(cast_to(kind, side.copy()))

    def _of_schema(self, node: Node) -> Node:
        text = node.sql(dialect="postgres").lower()
        known = {"auth.uid()": "pg_uid", "auth.role()": "pg_role"}
        if text not in known:
            raise Unsupported(text)
        return call(known[text])

    def _extract(self, node: Node) -> Node:
        return call("pg_part", exp.Literal.string(node.this.name.lower()), node.args["expression"])

    def _unit(self, name: str, node: Node, moment: Node) -> Node:
        return call(name, exp.Literal.string(node.args["unit"].name.lower()), moment)

    def _group_concat(self, node: Node) -> Node:
        if isinstance(node.this, (exp.Order, exp.Distinct)) or node.this.find(exp.Order):
            raise Unsupported("ORDER BY or DISTINCT inside string_agg")
        return call("group_concat", node.this, node.args.get("separator") or exp.Literal.string(""))

    def _random(self, _node: Node) -> Node:
        raise Unsupported("random()")

    def _distinct(self, node: Node) -> None:
        if node.args.get("on"):
            raise Unsupported("DISTINCT ON")

    def _order(self, node: Node) -> None:
        if node.args.get("this"):
            raise Unsupported("ORDER BY inside an aggregate")

    def _function(self, node: Node) -> Node | None:
        name = str(node.this).lower() if isinstance(node, exp.Anonymous) else node.key
        if isinstance(node.parent, exp.Dot):
            return None
        if name.startswith("pg_") or name in SAME:
            return None
        if name in JSON_MAKERS:
            return call(JSON_MAKERS[name], *(self._inside_json(child) for child in _arguments(node)))
        if name in RENAMED:
            return call(RENAMED[name], *_arguments(node))
        if isinstance(node, exp.Anonymous) and name in ("now", "lower", "upper", "group_concat"):
            return None
        raise Unsupported(f"the function {node.sql(dialect='postgres').split('(')[0].lower()}")

    def _inside_json(self, node: Node) -> Node:
        """Booleans and JSON columns keep their kind inside of a JSON document."""
        kind = self._columns.get(node.name) if isinstance(node, exp.Column) else None
        if kind and kind.is_json:
            return call("json", node)
        if kind and kind.name == BOOLEAN:
            words = exp.Case().when(node, exp.Literal.string("true"))
            known = exp.Is(this=node.copy(), expression=exp.Null())
            return call(
                "json",
                exp.Case()
                .when(known, exp.Literal.string("null"))
                .else_(words.else_(exp.Literal.string("false"))),
            )
        return node


def _arguments(node: Node) -> list[Node]:
    """The arguments of a function in the order in which they are written."""
    found: list[Node] = []
    for name in node.arg_types:
        value = node.args.get(name)
        found += [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Node)]
    return found
