"""What the typed values of a spec share: absence, the two spellings, and putting a document together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal

Document = Mapping[str, Any]
Dialect = Literal["cloud", "core"]

# Everything else is spelled alike in both dialects (contract: apply 2.4, the table of names).
_CAMEL = {
    "content_type": "contentType",
    "timeout_seconds": "timeoutSeconds",
    "memory_mb": "memoryMb",
    "require_auth": "requireAuth",
    "require_role": "requireRole",
    "id_column": "idColumn",
    "role_column": "roleColumn",
    "cache_ttl": "cacheTtl",
    "on_deny": "onDeny",
    "sign_in_path": "signInPath",
    "default_locale": "defaultLocale",
    "unknown_locale_policy": "unknownLocalePolicy",
    "exif_policy": "exifPolicy",
    "idempotency_key": "idempotencyKey",
}


class Absent(Enum):
    """A field that is not there, where null means something else: ``schedule``, ``require_role``, ``i18n``.

    >>> ABSENT
    <Absent.ABSENT: 'absent'>
    """

    ABSENT = "absent"


ABSENT = Absent.ABSENT


def camel(name: str) -> str:
    """The camelCase spelling of a field that has one, else the name itself."""
    return _CAMEL.get(name, name)


def spelled(name: str, dialect: Dialect) -> str:
    return camel(name) if dialect == "core" else name


def document(dialect: Dialect, extra: Document, /, **fields: Any) -> dict[str, Any]:
    """The fields that are there under their wire names, then what was not known."""
    there = {spelled(name, dialect): value for name, value in fields.items() if value is not ABSENT}
    return {**there, **extra}


def given(value: Any) -> Any:
    """None as absence, for the many fields where null means nothing."""
    return ABSENT if value is None else value
