"""What the SQL of new migrations hints at, by words outside of comments and strings (apply 2.10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.release.state import Migration

_SILENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_RULES = (
    ("MIGRATION_SCHEMA_SHRINKING", "high", True, "drops or empties something",
     r"\bdrop\s+(table|type|column|schema|view)\b|\btruncate\b|\balter\s+table\b[^;]*\bdrop\s+(?!constraint|not|default|expression|identity)"),
    ("MIGRATION_LOCK_RISK", "warn", False, "makes an index that blocks writers",
     r"\bcreate\s+(unique\s+)?index\s+(?!concurrently)"),
    ("MIGRATION_RLS_DISABLED", "high", True, "turns row level security off", r"\bdisable\s+row\s+level\s+security\b"),
    ("MIGRATION_POLICY_REMOVAL", "warn", True, "drops a policy", r"\bdrop\s+policy\b"),
    ("MIGRATION_PUBLIC_GRANT", "warn", True, "grants rights to everybody", r"\bgrant\b[^;]*\bto\s+(public|anon)\b"),
    ("MIGRATION_SECURITY_DEFINER", "warn", True, "makes a function with its owner's rights", r"\bsecurity\s+definer\b"),
)  # fmt: skip


def schema_warnings(found: Sequence[tuple[Migration, str | None]]) -> Iterator[dict[str, Any]]:
    """`found` are the new migrations with their SQL, where it is known."""
    single = [migration.id for migration, _sql in found if migration.transaction == "none"]
    if single:
        yield _warning("MIGRATION_NON_TRANSACTIONAL", "warn", True, "runs without a transaction", single)
    texts = {migration.id: _SILENT.sub(" ", sql).lower() for migration, sql in found if sql is not None}
    for code, severity, confirm, what, pattern in _RULES:
        ids = [name for name, text in texts.items() if re.search(pattern, text)]
        if ids:
            yield {**_warning(code, severity, confirm, what, ids), "confidence": "heuristic"}


def _warning(code: str, severity: str, confirm: bool, what: str, ids: list[str]) -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "requires_confirmation": confirm,
        "message": f"New SQL {what}: {', '.join(ids[:10])}.",
        "affected": ids[:100],
    }
