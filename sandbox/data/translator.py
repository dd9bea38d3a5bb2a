"""PostgreSQL's expressions become SQLite's. What has no equal is refused by name, never approximated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from sandbox.data.dialect import ASSIGNS, Node, call, cast_to, read_type, table_name
from sandbox.data.errors import Unsupported
from sandbox.data.kinds import BOOLEAN, Type
from sandbox.data.vocabulary import JSON_MAKERS, RENAMED, SAME, TRUTHS

MOMENTS = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})
JSONS = frozenset({"json", "jsonb"})
_COERCED = {BOOLEAN, "uuid", *MOMENTS}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_COUNTED = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_REFUSED: dict[type[Node], str] = {
    exp.Array: "ARRAY", exp.Lateral: "LATERAL", exp.Unnest: "unnest", exp.Bracket: "array subscripts",
    exp.SimilarTo: "SIMILAR TO", exp.AtTimeZone: "AT TIME ZONE", exp.Any: "ANY", exp.All: "ALL (array)",
    exp.JSONBExtract: "#>",
    exp.JSONBExtractScalar: "#>>",
    exp.Placeholder: "? placeholders (use $1)", exp.Interval: "intervals outside of moment + interval",
    exp.Into: "SELECT INTO", exp.Command: "this statement", exp.Collate: "COLLATE", exp.TableSample: "TABLESAMPLE",
    exp.ArrayContainsAll: "@>", exp.ArrayContainedBy: "<@", exp.ArrayOverlaps: "&&",
}  # fmt: skip


class Translator:
    """Rewrites one statement in place. `columns` are the types of the columns whose names are not ambiguous."""

    def __init__(self, columns: Mapping[str, Type]) -> None:
        self._columns = columns
        self._rules: list[tuple[type[Node] | tuple[type[Node], ...], Callable[[Node], Node | None]]] = [
            (exp.Identifier, self._identifier),
            (exp.Table, self._table),
            (exp.Parameter, self._parameter),
            (exp.Cast, self._cast),
            (exp.ByteString, self._escaped),
            ((exp.Add, exp.Sub), self._moved),
            (exp.DPipe, self._joined),
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

    def _escaped(self, node: Node) -> Node:
        """E'...' with the escapes that people write."""
        text = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), str(node.this))
        return exp.Literal.string(text)

    def _cast(self, node: Node) -> Node:
        return cast_to(read_type(node.args["to"]), node.this)

    def _moved(self, node: Node) -> Node | None:
        interval = node.args["expression"]
        if not isinstance(interval, exp.Interval):
            if isinstance(node.this, exp.Interval):
                raise Unsupported("interval + moment (write moment + interval)")
            if self._is_of(node.this, MOMENTS) or self._is_of(interval, MOMENTS):
                raise Unsupported("arithmetic of moments without an interval")
            return None
        unit = interval.args.get("unit")
        text = f"{interval.this.name} {unit.name if unit else ''}".strip().lower()
        sign = exp.Literal.number(1 if isinstance(node, exp.Add) else -1)
        return call("pg_shift", node.this, exp.Literal.string(text), sign)

    def _is_of(self, node: Node, names: frozenset[str]) -> bool:
        """Whether a value is plainly of one of these types."""
        if isinstance(node, exp.Paren):
            return self._is_of(node.this, names)
        if isinstance(node, exp.Column):
            return node.name in self._columns and self._columns[node.name].name in names
        if not isinstance(node, exp.Anonymous):
            return False
        is_cast = node.this == "pg_cast" and node.expressions[0].name.split("(")[0] in names
        return is_cast or (names == MOMENTS and node.this in ("pg_now", "pg_shift", "pg_trunc"))

    def _joined(self, node: Node) -> None:
        if self._is_of(node.this, JSONS) or self._is_of(node.args["expression"], JSONS):
            raise Unsupported("|| of JSON")

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
        kind = next((kind for kind in kinds if kind and kind.name in _COERCED | _COUNTED), None)
        if kind is None:
            return
        exact = kind.name not in _COUNTED
        for side in sides:
            if (isinstance(side, exp.Placeholder) and exact) or (
                isinstance(side, exp.Literal) and side.is_string
            ):
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
        if name in TRUTHS:
            return cast_to(Type(BOOLEAN), call(TRUTHS[name], *_arguments(node)))
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
