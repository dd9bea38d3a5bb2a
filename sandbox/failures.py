"""Failures of an operation that knobs ordered (README, "Knobs")."""

from __future__ import annotations

from typing import Any

from sandbox.store.operations import Operation

PHASES = ("validate", "stage", "migrate-gate", "migrate", "schema-settle", "activate")
_CODES = {
    "migrate": "MIGRATION_FAILED",
    "schema-settle": "SCHEMA_SETTLE_TIMEOUT",
    "stage": "SITE_STAGE_FAILED",
}
_ENDS = {"fail": "failed", "activation_pending": "activation_pending", "needs_repair": "needs_repair"}


def ordered_failure(operation: Operation, phase: str) -> dict[str, Any] | None:
    """What a knob wrote onto this operation for this phase; `fail` may name any, the others mean activation."""
    for kind, status in _ENDS.items():
        knob = operation.knobs.get(kind)
        if knob and phase == (_phase(knob) if kind == "fail" else "activate"):
            return _failure(operation, kind, status, knob)
    return None


def _phase(knob: dict[str, Any]) -> str:
    return str(knob.get("phase", "migrate"))


def _failure(operation: Operation, kind: str, status: str, knob: dict[str, Any]) -> dict[str, Any]:
    pending, failed = kind == "activation_pending", kind == "fail"
    phase = _phase(knob) if failed else "activate" if pending else "migrate"
    usual = "MIGRATION_FAILED" if kind == "needs_repair" else _CODES.get(phase, "ACTIVATION_FAILED")
    return {
        "status": status,
        "code": knob.get("code") or usual,
        "message": knob.get("message") or "A knob of the sandbox made this fail.",
        "phase": phase,
        "retryable": bool(knob.get("retryable", pending)),
        "safe_to_retry": bool(knob.get("safe_to_retry", pending or failed)),
        "mutation_state": "rolled_back" if failed else "partial",
        "operation_id": operation.id,
        "plan_id": operation.plan_id,
        "rolled_back": failed,
        **({"logs": knob["logs"]} if isinstance(knob.get("logs"), list) else {}),
    }
