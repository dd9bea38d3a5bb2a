"""The database slice of a spec: migrations and exposure, read and checked (apply 2.3.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.problems import invalid_spec
from sandbox.release.state import Migration

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[^\s\x00-\x1f]{1,200}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")
_PARTS = {"migrations", "expose", "zero_downtime", "zeroDowntime"}
_FIELDS = {"id", "name", "checksum", "sql", "sql_ref", "sqlRef", "transaction"}


@dataclass(frozen=True)
class DatabaseSlice:
    """`inline` holds the bytes of migrations that came within the spec, by digest; `expose` None carries forward."""

    migrations: tuple[Migration, ...] = ()
    expose: Mapping[str, Any] | None = None
    inline: Mapping[str, bytes] = field(default_factory=dict)


def read_database(raw: object) -> DatabaseSlice:
    """Raises Problem (INVALID_SPEC)."""
    if raw is None:
        return DatabaseSlice()
    if not isinstance(raw, dict):
        raise invalid_spec("'database' must be an object.", resource="database")
    unknown = sorted(set(raw) - _PARTS)
    if unknown:
        raise invalid_spec(
            f"'database' has an unknown part '{unknown[0]}'.", resource=f"database.{unknown[0]}"
        )
    listed, expose = raw.get("migrations") or [], raw.get("expose")
    if not isinstance(listed, list):
        raise invalid_spec("'database.migrations' must be a list.", resource="database.migrations")
    if expose is not None and not isinstance(expose, dict):
        raise invalid_spec("'database.expose' must be a manifest.", resource="database.expose")
    inline: dict[str, bytes] = {}
    migrations = tuple(_migration(item, inline) for item in listed)
    ids = [migration.id for migration in migrations]
    if len(set(ids)) != len(ids):
        raise invalid_spec("A migration is listed twice.", resource="database.migrations")
    return DatabaseSlice(migrations, expose or None, inline)


def _migration(raw: object, inline: dict[str, bytes]) -> Migration:
    resource = "database.migrations"
    if not isinstance(raw, dict) or set(raw) - _FIELDS:
        raise invalid_spec("A migration is {id, sql or sql_ref, checksum, transaction}.", resource=resource)
    sha256, size = _reference(raw, inline)
    checksum = raw.get("checksum", sha256)
    transaction = raw.get("transaction", "required")
    name = _identity(raw, sha256)
    resource = f"database.migrations.{name}"
    if checksum != sha256:
        raise invalid_spec("The checksum of a migration is the SHA-256 of its SQL.", resource=resource)
    if transaction not in ("required", "default", "none"):
        raise invalid_spec("'transaction' is 'required' or 'none'.", resource=resource)
    return Migration(name, sha256, size, "none" if transaction == "none" else "required")


def _identity(raw: Mapping[str, Any], sha256: str) -> str:
    """`id`, or `name` with the digest's first 16 digits behind it (from 4.0.1 on)."""
    given, name = raw.get("id"), raw.get("name")
    if isinstance(given, str) and _ID.fullmatch(given):
        return given
    if given is None and isinstance(name, str) and _NAME.fullmatch(name):
        return f"{name}_{sha256[:16]}"
    raise invalid_spec("A migration needs an id.", resource="database.migrations")


def _reference(raw: Mapping[str, Any], inline: dict[str, bytes]) -> tuple[str, int]:
    sql, reference = raw.get("sql"), raw.get("sql_ref", raw.get("sqlRef"))
    if isinstance(sql, str) and reference is None:
        content = sql.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        inline[sha256] = content
        return sha256, len(content)
    digest = reference.get("sha256") if isinstance(reference, dict) else None
    size = reference.get("size") if isinstance(reference, dict) else None
    if (
        sql is not None
        or not isinstance(digest, str)
        or not _SHA256.fullmatch(digest)
        or type(size) is not int
    ):
        text = "A migration needs either 'sql' or 'sql_ref' {sha256, size}."
        raise invalid_spec(text, resource="database.migrations")
    return digest, size
