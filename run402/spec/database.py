"""Migrations, and the database slice around them (contract: apply 2.3.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from run402.spec.content import SQL_TYPE, BytesSource, ContentRef, Entries, read_text, reference
from run402.spec.expose import Expose, read_expose
from run402.spec.reader import Fields, Reader
from run402.spec.values import Dialect, Document, document, given

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")
_SQL_FORMS = ("sql", "sql_path", "sql_file", "sql_ref")
_MIGRATION = frozenset({"id", "name", "checksum", "transaction", *_SQL_FORMS})


@dataclass(frozen=True)
class Migration:
    """SQL that runs once per project. ``checksum`` is the lower-case hex SHA-256 of its bytes unless given.

    >>> migration(BytesSource(b"select 1")).id
    'migration_822ae07d4783158b'
    """

    id: str
    checksum: str
    sql: ContentRef
    transaction: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        """Cloud takes the SQL by reference, Core only inline (contract: apply 2.14)."""
        body = {"sql_ref": self.sql.to_wire(dialect)} if dialect == "cloud" else {"sql": read_text(self.sql)}
        return document(
            dialect,
            self.extra,
            id=self.id,
            checksum=self.checksum,
            **body,
            transaction=given(self.transaction),
        )


@dataclass(frozen=True)
class Database:
    """The database slice; what is None is carried forward.

    >>> Database(migrations=()).deploys
    False
    """

    migrations: tuple[Migration, ...] | None = None
    expose: Expose | None = None
    zero_downtime: bool | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        return bool(self.migrations or (self.expose is not None and self.expose.to_wire()))

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        migrations = self.migrations
        return document(
            dialect,
            self.extra,
            expose=given(self.expose and self.expose.to_wire()),
            zero_downtime=given(self.zero_downtime),
            migrations=given(None if migrations is None else [item.to_wire(dialect) for item in migrations]),
        )


def migration(source: BytesSource, *, name: str = "migration") -> Migration:
    """A migration whose id is ``name`` and the first 16 hex digits of its digest (contract: apply 2.3.2)."""
    ref = reference(source, SQL_TYPE)
    return Migration(f"{name}_{ref.sha256[:16]}", ref.sha256, ref)


def read_database(reader: Reader, value: Any, entries: Entries) -> Database:
    fields = reader.fields(value, "database", {"migrations", "expose", "zero_downtime"})
    listed = fields.sequence("migrations")
    exposed = fields.values.get("expose")
    return Database(
        migrations=None if listed is None else tuple(
            found for path, item in listed if (found := _migration(reader, item, path, entries))
        ),
        expose=None if exposed is None else read_expose(reader, exposed, fields.at("expose")),
        zero_downtime=fields.flag("zero_downtime"),
        extra=fields.extra,
    )  # fmt: skip


def _migration(reader: Reader, value: Any, path: str, entries: Entries) -> Migration | None:
    fields = reader.fields(value, path, _MIGRATION)
    ref = _sql(fields, entries)
    transaction = fields.choice("transaction", ("required", "none"))
    checksum = fields.text("checksum")
    if ref is None:
        return None
    ref = replace(ref, content_type=ref.content_type or SQL_TYPE)
    return Migration(_id(fields, ref), checksum or ref.sha256, ref, transaction, fields.extra)


def _sql(fields: Fields, entries: Entries) -> ContentRef | None:
    given_forms = [form for form in _SQL_FORMS if form in fields]
    if len(given_forms) != 1:
        fields.reader.wrong(fields.path, "takes exactly one of sql, sql_path, sql_file and sql_ref.")
        return None
    form = given_forms[0]
    if form == "sql_ref":
        return entries.read(fields.values[form], fields.at(form))
    text = fields.text(form)
    if text is None:
        return None
    if form == "sql":
        return reference(BytesSource(text.encode("utf-8", "replace")), SQL_TYPE)
    return entries.from_file(text, fields.at(form), "", SQL_TYPE)


def _id(fields: Fields, ref: ContentRef) -> str:
    """The id as given, or made of a ``name`` and the digest (newer gateways' authoring form)."""
    if "name" not in fields or "id" in fields:
        return fields.text("id", required=True) or ""
    name = fields.text("name") or ""
    if name and not _NAME.fullmatch(name):
        fields.wrong("name", "has up to 64 letters, digits, “_” and “-”, and starts with a letter or digit.")
    return f"{name}_{ref.sha256[:16]}"
