"""The values around planning and following a release (contract: apply 2.6 to 2.10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from run402 import reading
from run402.reading import Document

TERMINAL_STATES = frozenset({"ready", "failed", "rolled_back", "needs_repair"})
RESUMABLE_STATES = frozenset({"schema_settling", "activation_pending"})


@dataclass(frozen=True)
class MissingContent:
    """Bytes a plan refers to; ``present`` is False for those that must be uploaded.

    >>> MissingContent("00" * 32, 5, present=False).size
    5
    """

    sha256: str
    size: int
    present: bool


@dataclass(frozen=True)
class PlanWarning:
    """Something the gateway wants a person to see; ``blocking`` ones need a confirmation, asked for by us.

    >>> read_warning({"code": "MISSING_REQUIRED_SECRET", "severity": "high"}).blocking
    True
    """

    code: str
    severity: str
    requires_confirmation: bool
    message: str
    affected: tuple[str, ...]
    details: Document
    raw: Document = field(repr=False)

    @property
    def blocking(self) -> bool:
        return self.requires_confirmation or self.code == "MISSING_REQUIRED_SECRET"


@dataclass(frozen=True)
class Plan:
    """What a release would change. ``plan_id`` and ``operation_id`` are None for a dry run: nothing to commit.

    >>> read_plan({"plan_id": None, "is_noop": True}).is_noop
    True
    """

    plan_id: str | None
    operation_id: str | None
    base_release_id: str | None
    manifest_digest: str | None
    is_noop: bool
    summary: str
    missing_content: tuple[MissingContent, ...]
    warnings: tuple[PlanWarning, ...]
    payment_required: Document | None
    migrations: Document | None
    site: Document | None
    functions: Document | None
    secrets: Document | None
    subdomains: Document | None
    routes: Document | None
    static_assets: Document | None
    cost: Document | None
    raw: Document = field(repr=False)
    fingerprint: str | None = None
    expires_at: datetime | None = None
    asset_sync: Document | None = None

    @property
    def reviewed(self) -> Document:
        """This plan as ``required_plan`` of a later call: that one must then come out the same."""
        named = {"plan_id": self.plan_id}
        return named if self.fingerprint is None else {**named, "plan_fingerprint": self.fingerprint}


@dataclass(frozen=True)
class Commit:
    """The answer to a commit. ``status`` is ready, failed, or one of the states on the way.

    Not every value in ``urls`` is an address: ``deployment_id`` is an id.

    >>> read_commit({"operation_id": "op_1", "status": "running"}).status
    'running'
    """

    operation_id: str
    status: str
    release_id: str | None
    urls: dict[str, str]
    error: Document | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class ApplyOperation:
    """A snapshot of a release on its way. An unknown ``status`` is kept and is not terminal.

    >>> read_operation({"operation_id": "op_1", "status": "ready"}).terminal
    True
    """

    operation_id: str
    project_id: str | None
    plan_id: str | None
    status: str
    base_release_id: str | None
    target_release_id: str | None
    release_id: str | None
    urls: dict[str, str]
    error: Document | None
    raw: Document = field(repr=False)

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in TERMINAL_STATES

    @property
    def resumable(self) -> bool:
        """Whether ``client.apply.resume`` may push it on."""
        return self.status in RESUMABLE_STATES


@dataclass(frozen=True)
class ApplyOperationPage:
    """A page of operations, newest first as far as known; ``cursor`` is None on the last one.

    >>> ApplyOperationPage((), None, {}).operations
    ()
    """

    operations: tuple[ApplyOperation, ...]
    cursor: str | None
    raw: Document = field(repr=False)


def read_plan(doc: Document) -> Plan:
    slices = _slices(doc)
    return Plan(
        plan_id=reading.text(doc, "plan_id"),
        operation_id=reading.text(doc, "operation_id"),
        base_release_id=reading.text(doc, "base_release_id"),
        manifest_digest=reading.text(doc, "manifest_digest"),
        is_noop=reading.flag(slices, "is_noop") is True,
        summary=reading.text(slices, "summary") or "",
        missing_content=tuple(_missing(item) for item in reading.documents(doc, "missing_content")),
        warnings=read_warnings(doc),
        payment_required=reading.optional_mapping(doc, "payment_required"),
        migrations=reading.optional_mapping(slices, "migrations"),
        site=reading.optional_mapping(slices, "site"),
        functions=reading.optional_mapping(slices, "functions"),
        secrets=reading.optional_mapping(slices, "secrets"),
        subdomains=reading.optional_mapping(slices, "subdomains"),
        routes=reading.optional_mapping(slices, "routes"),
        static_assets=reading.optional_mapping(slices, "static_assets"),
        cost=reading.optional_mapping(doc, "cost"),
        raw=doc,
        fingerprint=reading.text(doc, "plan_fingerprint"),
        expires_at=reading.moment(doc, "plan_expires_at", "expires_at"),
        asset_sync=reading.optional_mapping(doc, "asset_sync"),
    )


def read_warnings(doc: Document) -> tuple[PlanWarning, ...]:
    return tuple(read_warning(item) for item in reading.documents(doc, "warnings"))


def read_warning(doc: Document) -> PlanWarning:
    return PlanWarning(
        code=reading.text(doc, "code") or "UNKNOWN_WARNING",
        severity=reading.text(doc, "severity") or "warn",
        requires_confirmation=reading.flag(doc, "requires_confirmation") is True,
        message=reading.text(doc, "message") or "",
        affected=reading.strings(doc, "affected"),
        details=reading.mapping(doc, "details"),
        raw=doc,
    )


def read_commit(doc: Document) -> Commit:
    return Commit(
        operation_id=reading.need_text(doc, "operation_id"),
        status=reading.need_text(doc, "status"),
        release_id=reading.text(doc, "release_id"),
        urls=reading.string_map(doc, "urls"),
        error=_error(doc),
        raw=doc,
    )


def read_operation(doc: Document) -> ApplyOperation:
    return ApplyOperation(
        operation_id=reading.need_text(doc, "operation_id"),
        project_id=reading.text(doc, "project_id"),
        plan_id=reading.text(doc, "plan_id"),
        status=reading.need_text(doc, "status"),
        base_release_id=reading.text(doc, "base_release_id"),
        target_release_id=reading.text(doc, "target_release_id"),
        release_id=reading.text(doc, "release_id"),
        urls=reading.string_map(doc, "urls"),
        error=_error(doc),
        raw=doc,
    )


def read_operation_page(doc: Document) -> ApplyOperationPage:
    rows = tuple(read_operation(item) for item in reading.documents(doc, "operations"))
    return ApplyOperationPage(rows, reading.text(doc, "cursor", "next_cursor"), doc)


def _slices(doc: Document) -> Document:
    """The legacy answer holds the diffs under ``diff``, the present one at the top (contract: apply 2.6)."""
    legacy = reading.optional_mapping(doc, "diff") if "kind" not in doc else None
    return {**legacy, **doc} if legacy else doc


def _missing(doc: Document) -> MissingContent:
    return MissingContent(
        sha256=reading.need_text(doc, "sha256"),
        size=reading.need_number(doc, "size"),
        present=reading.flag(doc, "present") is True,
    )


def _error(doc: Document) -> Document | None:
    value: Any = doc.get("error")
    if isinstance(value, str) and value:
        return {"message": value}
    return value if isinstance(value, dict) else None
