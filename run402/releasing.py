"""A whole release: plan, confirm, upload, commit, follow, and once more when another one went live in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from run402 import errors, x402
from run402.dialects import Dialect
from run402.resources.plans import ApplyOperation, Plan, PlanWarning, read_warning
from run402.spec.release import ReleaseSpec
from run402.spec.routes import Route

#: Progress in the contract's words (apply 2.12): ``type`` and its fields.
Event = dict[str, Any]
OnEvent = Callable[[Event], None]
Confirmed = Literal["all"] | Collection[str]

MAX_RETRIES = 2
CONFLICT = "BASE_RELEASE_CONFLICT"
_PHASES = {
    "staging": "stage",
    "gating": "migrate-gate",
    "migrating": "migrate",
    "schema_settling": "schema-settle",
    "activating": "activate",
    "activation_pending": "activate",
    "ready": "ready",
}
_MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Release:
    """A release that is live. ``attempts`` counts the plans it took.

    With ``is_noop`` nothing had to change: ``release_id`` is the one that was live already, nothing was committed,
    and ``urls`` are not known.

    >>> Release("rel_1", "op_1", {}, (), 1).release_id
    'rel_1'
    """

    release_id: str | None
    operation_id: str | None
    urls: dict[str, str]
    warnings: tuple[PlanWarning, ...]
    attempts: int
    is_noop: bool = False
    settlement: x402.Settlement = field(default_factory=lambda: x402.Settlement("not_needed"))


@dataclass(frozen=True)
class Wishes:
    """How a release is to be made; see ``ApplyResource.release``.

    >>> Wishes().max_retries
    2
    """

    idempotency_key: str | None = None
    confirmed: Confirmed = ()
    purchase: x402.Purchase | None = None
    required_plan: Mapping[str, Any] | None = None
    max_retries: int = MAX_RETRIES
    commit_unchanged: bool = False
    on_event: OnEvent = lambda event: None
    sleep: Callable[[float], None] = time.sleep


def release(dialect: Dialect, spec: ReleaseSpec, wishes: Wishes) -> Release:
    """Make the release live, planning anew while only the base was in the way (contract: apply 2.11)."""
    attempt = 1
    while True:
        try:
            return replace(_once(dialect, spec, wishes), attempts=attempt)
        except errors.Run402Error as error:
            if not _again(error, spec) or attempt > wishes.max_retries:
                if attempt > 1:
                    error.details = {**error.details, "attempts": attempt, "max_retries": wishes.max_retries}
                raise
            delay = min(0.25 * 2 ** (attempt - 1), 2.0) + random.uniform(0, 0.1)  # noqa: S311 - jitter
            wishes.on_event(_retry_event(error, attempt, wishes.max_retries, delay))
            wishes.sleep(delay)
            attempt += 1


def confirm(warnings: Collection[PlanWarning], confirmed: Confirmed) -> None:
    """Raise WarningsUnconfirmed for blocking warnings whose codes are not among ``confirmed``."""
    if confirmed == "all":
        return
    open_ones = [warning for warning in warnings if warning.blocking and warning.code not in confirmed]
    if open_ones:
        raise errors.WarningsUnconfirmed(open_ones)


def route_warnings(spec: ReleaseSpec) -> tuple[PlanWarning, ...]:
    """What our side warns of: a wildcard route to a function that answers reads only (contract: apply 2.10)."""
    routes = spec.routes.replace if spec.routes is not None else ()
    return tuple(_read_only_warning(route) for route in routes if _silently_read_only(route))


def _once(dialect: Dialect, spec: ReleaseSpec, wishes: Wishes) -> Release:
    emit = wishes.on_event
    emit({"type": "plan.started"})
    plan = _with_own_warnings(_plan(dialect, spec, wishes), spec)
    emit({"type": "plan.diff", "diff": plan.raw})
    if plan.warnings:
        emit({"type": "plan.warnings", "warnings": [warning.raw for warning in plan.warnings]})
    confirm(plan.warnings, wishes.confirmed)
    if plan.payment_required:
        emit({"type": "payment.required", **plan.payment_required})
    if plan.is_noop and not wishes.commit_unchanged:
        emit({"type": "ready", "releaseId": plan.base_release_id, "urls": {}})
        return Release(plan.base_release_id, plan.operation_id, {}, plan.warnings, 1, is_noop=True)
    _send(dialect, spec, plan, emit)
    return _commit(dialect, plan, wishes)


def _commit(dialect: Dialect, plan: Plan, wishes: Wishes) -> Release:
    emit = wishes.on_event
    emit({"type": "commit.phase", "phase": "validate", "status": "started"})
    paid = dialect.commit(
        plan,
        idempotency_key=wishes.idempotency_key,
        purchase=wishes.purchase,
        required_plan=wishes.required_plan,
    )
    if paid.outcome == "settled":
        emit({"type": "payment.paid", "tx": (paid.receipt or {}).get("transaction")})
    ended = dialect.follow(paid.value, _Phases(emit))
    emit({"type": "ready", "releaseId": ended.release_id, "urls": ended.urls})
    return Release(
        ended.release_id, ended.operation_id, ended.urls, plan.warnings, 1, plan.is_noop, paid.settlement
    )


def _plan(dialect: Dialect, spec: ReleaseSpec, wishes: Wishes) -> Plan:
    sync = spec.assets.sync if spec.assets is not None else None
    if sync is not None and sync.confirm is None:
        plan = dialect.plan(spec, dry_run=True, idempotency_key=None, required_plan=None)
        raise errors.Run402Error(
            "Synchronising deletes assets; confirm what the plan would delete.",
            code="PRUNE_CONFIRMATION_REQUIRED",
            category="validation",
            mutation_state="not_started",
            details={"asset_sync": plan.asset_sync},
        )
    return dialect.plan(
        spec, dry_run=False, idempotency_key=wishes.idempotency_key, required_plan=wishes.required_plan
    )


def _send(dialect: Dialect, spec: ReleaseSpec, plan: Plan, emit: OnEvent) -> None:
    contents = spec.contents()
    lacking = {item.sha256 for item in plan.missing_content if not item.present}
    for item in plan.missing_content:
        if item.present:
            label = _label(contents, item.sha256)
            emit(
                {"type": "content.upload.skipped", "label": label, "sha256": item.sha256, "reason": "present"}
            )
    if not lacking:
        return
    done: set[str] = set()

    def on_part(digest: str, sent: int, size: int) -> None:
        if sent == size:
            done.add(digest)
            emit(
                {
                    "type": "content.upload.progress",
                    "label": _label(contents, digest),
                    "sha256": digest,
                    "done": len(done),
                    "total": len(lacking),
                }
            )

    dialect.send_missing(spec, plan, on_part)


def _label(contents: Mapping[str, Any], digest: str) -> str:
    source = getattr(contents.get(digest), "source", None)
    return str(getattr(source, "path", digest))


class _Phases:
    """Turns the states of an operation into the contract's phases: one ends as the next begins."""

    def __init__(self, emit: OnEvent) -> None:
        self._emit = emit
        self._phase = "validate"

    def __call__(self, operation: ApplyOperation) -> None:
        phase = _PHASES.get(operation.status)
        if operation.terminal and operation.status != "ready":
            self._say(self._phase, "failed")
        elif operation.status == "activation_pending":
            self._say("activate", "failed")
        elif phase is not None and phase != self._phase:
            self._say(self._phase, "done")
            self._phase = phase
            self._say(phase, "done" if phase == "ready" else "started")

    def _say(self, phase: str, status: str) -> None:
        self._emit({"type": "commit.phase", "phase": phase, "status": status})


def _again(error: errors.Run402Error, spec: ReleaseSpec) -> bool:
    return error.code == CONFLICT and error.safe_to_retry and spec.may_be_rebased


def _retry_event(error: errors.Run402Error, attempt: int, max_retries: int, delay: float) -> Event:
    return {
        "type": "deploy.retry",
        "attempt": attempt,
        "nextAttempt": attempt + 1,
        "maxAttempts": max_retries + 1,
        "delayMs": round(delay * 1000),
        "code": error.code,
        "message": error.message,
    }


def _with_own_warnings(plan: Plan, spec: ReleaseSpec) -> Plan:
    known = {(warning.code, warning.affected) for warning in plan.warnings}
    own = [item for item in route_warnings(spec) if (item.code, item.affected) not in known]
    return replace(plan, warnings=(*plan.warnings, *own)) if own else plan


def _silently_read_only(route: Route) -> bool:
    methods = set(route.methods or ())
    wildcard = route.target.type == "function" and route.pattern.endswith("/*")
    return (
        wildcard and bool(methods) and methods <= {"GET", "HEAD"} and route.acknowledge_readonly is not True
    )


def _read_only_warning(route: Route) -> PlanWarning:
    return read_warning(
        {
            "code": "WILDCARD_ROUTE_EXCLUDES_MUTATION_METHODS",
            "severity": "warn",
            "requires_confirmation": True,
            "message": f"{route.pattern} answers reads only; a form or an API behind it could not write.",
            "affected": [route.pattern],
            "confidence": "heuristic",
            "details": {
                "missing_common_methods": sorted(_MUTATING),
                "fix": "Add the methods, or set acknowledge_readonly to true.",
            },
        }
    )
