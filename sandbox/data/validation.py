"""What is wrong with an expose manifest for a given schema (apply 1.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.data.manifest import (
    CUSTOM,
    PUBLIC_READ,
    UNRESTRICTED,
    BadManifest,
    Manifest,
    TableRule,
    View,
    read_manifest,
)

_SENSITIVE = ("password", "secret", "token", "api_key", "is_admin", "role", "ssn")


@dataclass(frozen=True)
class Shape:
    """Columns by table. Where `is_complete` is False, SQL that could not be read may have made more tables."""

    tables: Mapping[str, frozenset[str]]
    is_complete: bool = True


def validate(raw: object, shape: Shape) -> dict[str, Any]:
    """ValidationResult, with both spellings of its flag."""
    try:
        issues = list(_issues(read_manifest(raw), shape))
    except BadManifest as error:
        issues = [_issue("schema-shape", str(error))]
    errors = [issue for issue in issues if issue["severity"] == "error"]
    warnings = [issue for issue in issues if issue["severity"] == "warning"]
    return {"hasErrors": bool(errors), "has_errors": bool(errors), "errors": errors, "warnings": warnings}


def _issue(kind: str, detail: str, *, severity: str = "error", fix: str | None = None) -> dict[str, Any]:
    return {"type": kind, "severity": severity, "detail": detail, **({"fix": fix} if fix else {})}


def _issues(manifest: Manifest, shape: Shape) -> Iterator[dict[str, Any]]:
    for rule in manifest.tables.values():
        yield from _table_issues(rule, shape)
    for view in manifest.views.values():
        yield from _view_issues(view, shape)
    for name in manifest.rpcs:
        yield _issue("missing-rpc", f"There is no function '{name}'; the sandbox makes no SQL functions.")


def _table_issues(rule: TableRule, shape: Shape) -> Iterator[dict[str, Any]]:
    columns = shape.tables.get(rule.name)
    if rule.force_owner and not rule.owner_column:
        text = f"'{rule.name}' asks for force_owner_on_insert without an owner_column."
        yield _issue("force-owner-without-owner-column", text, fix="Name the owner_column.")
    if rule.policy == UNRESTRICTED and not rule.acknowledged:
        text = f"Anyone may write '{rule.name}'; that has to be acknowledged."
        fix = "Add i_understand_this_is_unrestricted: true."
        yield _issue("unrestricted-ack-required", text, fix=fix)
    if rule.policy == CUSTOM:
        text = f"The sandbox does not run custom_sql, so the policy of '{rule.name}' was not checked."
        yield _issue("validation-inconclusive", text, severity="warning")
    if columns is None:
        yield _missing("missing-table", f"There is no table '{rule.name}'.", shape)
    else:
        yield from _column_issues(rule.name, rule.owner_column, rule.policy, columns)


def _view_issues(view: View, shape: Shape) -> Iterator[dict[str, Any]]:
    columns = shape.tables.get(view.base)
    if columns is None:
        yield _missing(
            "missing-view-base", f"The view '{view.name}' shows '{view.base}', which is no table.", shape
        )
        return
    for name in view.columns:
        if name not in columns:
            yield _issue("missing-column", f"'{view.base}' has no column '{name}'.")


def _missing(kind: str, text: str, shape: Shape) -> dict[str, Any]:
    if shape.is_complete:
        return _issue(kind, text)
    return _issue("validation-inconclusive", f"{text} SQL that was not read may make it.", severity="warning")


def _column_issues(
    table: str, owner: str | None, policy: str, columns: frozenset[str]
) -> Iterator[dict[str, Any]]:
    if owner and owner not in columns:
        yield _issue("missing-column", f"'{table}' has no column '{owner}'.")
    if policy in (UNRESTRICTED, PUBLIC_READ):
        for name in sorted(columns):
            if any(word in name for word in _SENSITIVE):
                text = f"'{table}.{name}' sounds confidential, and strangers can read or write it."
                yield _issue("sensitive-column-public-write", text, severity="warning")
