"""Waiting for a release to end, as the official client does (contract: apply 2.9)."""

from __future__ import annotations

import time
from collections.abc import Callable

from run402 import errors
from run402.resources.plans import ApplyOperation

FIRST_SECONDS = 1.0
PATIENT_AFTER = 30.0
GROWTH = 1.5
LONGEST_SECONDS = 30.0
BUDGET_SECONDS = 600.0

# Activation will not succeed by waiting when it failed for one of these.
_STATIC_FAILURES = frozenset(
    {
        "BAD_FIELD", "INVALID_SPEC", "FUNCTION_ACTIVATE_FAILED", "FUNCTION_CONFIG_INVALID",
        "FUNCTION_TIMEOUT_EXCEEDS_TIER", "FUNCTION_MEMORY_EXCEEDS_TIER", "FUNCTION_SCHEDULE_EXCEEDS_TIER",
        "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT", "FUNCTION_SCHEDULE_LIMIT_EXCEEDED", "TIER_LIMIT_EXCEEDED",
    }
)  # fmt: skip


def follow(
    look: Callable[[], ApplyOperation],
    *,
    on_operation: Callable[[ApplyOperation], None] = lambda operation: None,
    sleep: Callable[[float], None] = time.sleep,
    budget_seconds: float = BUDGET_SECONDS,
) -> ApplyOperation:
    """Look until the release is live; each change of its state goes to ``on_operation``.

    Raises ReleaseFailed when it ended otherwise or cannot go on, and TimedOut when the budget is used up: it may
    still become live then, and looking again later is safe. A look that fails is tried again while that is right.
    """
    waited, delay, state = 0.0, FIRST_SECONDS, ""
    while True:
        operation = _looked(look)
        if operation is not None and operation.status != state:
            state = operation.status
            on_operation(operation)
        if operation is not None and _over(operation):
            return operation
        if waited >= budget_seconds:
            raise _out_of_time(operation, budget_seconds)
        sleep(delay)
        waited += delay
        if waited >= PATIENT_AFTER:
            delay = min(delay * GROWTH, LONGEST_SECONDS)


def _looked(look: Callable[[], ApplyOperation]) -> ApplyOperation | None:
    try:
        return look()
    except errors.Run402Error as error:
        if not errors.may_retry(error, mutation=False):
            raise
        return None


def _over(operation: ApplyOperation) -> bool:
    if operation.status == "ready":
        return True
    if operation.terminal or (operation.status == "activation_pending" and _stuck(operation)):
        raise errors.ReleaseFailed(operation)
    return False


def _stuck(operation: ApplyOperation) -> bool:
    error = operation.error or {}
    final = error.get("retryable") is False or error.get("safe_to_retry") is False
    return final or str(error.get("code", "")).upper() in _STATIC_FAILURES


def _out_of_time(operation: ApplyOperation | None, budget_seconds: float) -> errors.TimedOut:
    return errors.TimedOut(
        f"The release did not end within {budget_seconds:g} seconds; it may still do.",
        retryable=True,
        safe_to_retry=True,
        mutation_state="unknown",
        details={"operation_id": operation.operation_id if operation else None},
    )
