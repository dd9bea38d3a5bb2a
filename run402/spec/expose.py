"""Which tables, views and functions the automatic API shows, and to whom (contract: apply 1.7).

The codes of the objections are the issue types of the gateway's own validation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document, given

SHAPE = "schema-shape"
USER_OWNS_ROWS = "user_owns_rows"
PUBLIC_READ = "public_read_authenticated_write"
UNRESTRICTED = "public_read_write_UNRESTRICTED"
POLICIES = (USER_OWNS_ROWS, PUBLIC_READ, UNRESTRICTED, "custom")

_TABLE = frozenset(
    {
        "name", "expose", "policy", "owner_column", "force_owner_on_insert", "custom_sql",
        "i_understand_this_is_unrestricted",
    }
)  # fmt: skip
_VIEW = frozenset({"name", "base", "select", "filter", "security_invoker", "expose"})


@dataclass(frozen=True)
class ExposedTable:
    """A table and its policy; a table that is not listed, or not exposed, is dark.

    >>> ExposedTable("items", True, policy="user_owns_rows", owner_column="user_id").to_wire()["policy"]
    'user_owns_rows'
    """

    name: str
    expose: bool
    policy: str | None = None
    owner_column: str | None = None
    force_owner_on_insert: bool | None = None
    custom_sql: str | None = None
    i_understand_this_is_unrestricted: bool | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return _written(self)


@dataclass(frozen=True)
class ExposedView:
    """A view over an exposed table.

    >>> ExposedView("open_items", "items", ("id",)).to_wire()
    {'name': 'open_items', 'base': 'items', 'select': ['id']}
    """

    name: str
    base: str
    select: tuple[str, ...]
    filter: str | None = None
    security_invoker: bool | None = None
    expose: bool | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return _written(self)


@dataclass(frozen=True)
class ExposedRpc:
    """A database function that may be called; ``signature`` has its parentheses.

    >>> ExposedRpc("add", "(a int, b int)", ("anon",)).to_wire()["grant_to"]
    ['anon']
    """

    name: str
    signature: str
    grant_to: tuple[str, ...]
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return _written(self)


@dataclass(frozen=True)
class Expose:
    """The whole manifest: what it does not list becomes dark.

    >>> Expose(tables=(ExposedTable("items", False),)).to_wire()
    {'version': '1', 'tables': [{'name': 'items', 'expose': False}]}
    """

    version: str | None = "1"
    tables: tuple[ExposedTable, ...] | None = None
    views: tuple[ExposedView, ...] | None = None
    rpcs: tuple[ExposedRpc, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        """Alike in both dialects."""
        return document(
            "cloud",
            self.extra,
            version=given(self.version),
            tables=given(None if self.tables is None else [item.to_wire() for item in self.tables]),
            views=given(None if self.views is None else [item.to_wire() for item in self.views]),
            rpcs=given(None if self.rpcs is None else [item.to_wire() for item in self.rpcs]),
        )


def read_expose(reader: Reader, value: Any, path: str) -> Expose:
    fields = reader.fields(value, path, {"version", "tables", "views", "rpcs", "$schema"})
    schema = {"$schema": fields.values["$schema"]} if "$schema" in fields else {}
    if fields.values.get("version", "1") != "1":
        fields.wrong("version", "must be “1”.", code=SHAPE)
    tables, views, rpcs = (fields.sequence(name) for name in ("tables", "views", "rpcs"))
    return Expose(
        version=fields.values.get("version"),
        tables=None if tables is None else tuple(_table(reader, item, at) for at, item in tables),
        views=None if views is None else tuple(_view(reader, item, at) for at, item in views),
        rpcs=None if rpcs is None else tuple(_rpc(reader, item, at) for at, item in rpcs),
        extra={**schema, **fields.extra},
    )


def _table(reader: Reader, value: Any, path: str) -> ExposedTable:
    fields = reader.fields(value, path, _TABLE)
    table = ExposedTable(
        name=fields.text("name", required=True) or "",
        expose=_required_flag(fields, "expose"),
        policy=fields.choice("policy", POLICIES),
        owner_column=fields.text("owner_column"),
        force_owner_on_insert=fields.flag("force_owner_on_insert"),
        custom_sql=fields.text("custom_sql"),
        i_understand_this_is_unrestricted=fields.flag("i_understand_this_is_unrestricted"),
        extra=fields.extra,
    )
    _check_policy(fields, table)
    return table


def _check_policy(fields: Fields, table: ExposedTable) -> None:
    if table.expose and "policy" not in fields:
        fields.wrong("policy", "is required for a table that is exposed.", code=SHAPE)
    if table.policy == USER_OWNS_ROWS and table.owner_column is None:
        fields.wrong("owner_column", "is required: whose rows are they?", code=SHAPE)
    if table.force_owner_on_insert and table.owner_column is None:
        fields.wrong("owner_column", "is required to fill it.", code="force-owner-without-owner-column")
    if table.policy == UNRESTRICTED and table.i_understand_this_is_unrestricted is not True:
        fields.wrong(
            "i_understand_this_is_unrestricted",
            "must be true for a table that anyone may change.",
            code="unrestricted-ack-required",
        )
    if table.policy == "custom" and table.custom_sql is None:
        fields.wrong("custom_sql", "is required for a policy of one's own.", code=SHAPE)


def _view(reader: Reader, value: Any, path: str) -> ExposedView:
    fields = reader.fields(value, path, _VIEW)
    if "select" not in fields:
        fields.wrong("select", "is required.", code=SHAPE)
    return ExposedView(
        name=fields.text("name", required=True) or "",
        base=fields.text("base", required=True) or "",
        select=fields.texts("select") or (),
        filter=fields.text("filter"),
        security_invoker=fields.flag("security_invoker"),
        expose=fields.flag("expose"),
        extra=fields.extra,
    )


def _rpc(reader: Reader, value: Any, path: str) -> ExposedRpc:
    fields = reader.fields(value, path, {"name", "signature", "grant_to"})
    signature = fields.text("signature", required=True) or ""
    if signature and not (signature.startswith("(") and signature.endswith(")")):
        fields.wrong("signature", "has its parentheses, as in “(a int)”.", code=SHAPE)
    if "grant_to" not in fields:
        fields.wrong("grant_to", "is required.", code=SHAPE)
    name = fields.text("name", required=True) or ""
    return ExposedRpc(name, signature, fields.texts("grant_to") or (), fields.extra)


def _required_flag(fields: Fields, name: str) -> bool:
    if name not in fields:
        fields.wrong(name, "is required.", code=SHAPE)
    return fields.flag(name) is True


def _written(value: ExposedTable | ExposedView | ExposedRpc) -> dict[str, Any]:
    fields = {
        name: list(item) if isinstance(item, tuple) else item
        for name, item in vars(value).items()
        if item is not None and name != "extra"
    }
    return {**fields, **value.extra}
