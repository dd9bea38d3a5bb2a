"""Follows a committed release to its end by the official client's rules (contract: apply 2.9)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from deploys.pipeline import committing
from deploys.pipeline.run import Failed, Run, text_of
from operations.work import Later
from run402 import Client
from run402.resources.plans import ApplyOperation

#: Pauses between looks inside one tick, in seconds; a longer way is another tick.
LOOKS = (0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
TICK_SECONDS = 1.0
SLOW_AFTER_SECONDS = 30.0
SLOWEST_SECONDS = 30.0
BUDGET_SECONDS = 600.0

PHASES = {
    "committing": "commit",
    "running": "commit",
    "staging": "stage",
    "gating": "migrate",
    "migrating": "migrate",
    "schema_settling": "migrate",
    "activating": "activate",
    "activation_pending": "activate",
    "ready": "ready",
}
#: An activation that stopped with one of these does not come right by waiting (contract: apply 2.9, rule 5).
HOPELESS = frozenset(
    {
        "BAD_FIELD",
        "INVALID_SPEC",
        "FUNCTION_ACTIVATE_FAILED",
        "FUNCTION_CONFIG_INVALID",
        "FUNCTION_TIMEOUT_EXCEEDS_TIER",
        "FUNCTION_MEMORY_EXCEEDS_TIER",
        "FUNCTION_SCHEDULE_EXCEEDS_TIER",
        "FUNCTION_SCHEDULE_INTERVAL_TOO_SHORT",
        "FUNCTION_SCHEDULE_LIMIT_EXCEEDED",
        "TIER_LIMIT_EXCEEDED",
    }
)


def to_the_end(run: Run, client: Client) -> ApplyOperation:
    """Return the operation once it is ready. Raises Later between ticks, Failed when it ends otherwise."""
    if not run.recall("followed_from"):
        run.note(followed_from=time.time())
    for pause in (*LOOKS, None):
        operation = client.apply.operation(run.recall("remote_operation"), anon_key=run.anon_key)
        run.enter(PHASES.get(operation.status, operation.status))
        _raise_if_over(run, operation)
        if operation.status == "ready":
            return operation
        if pause is not None:
            time.sleep(pause)
    raise Later(_pause(run))


def _pause(run: Run) -> float:
    """One second; once half a minute has passed half as long again each time, half a minute at most."""
    waited = time.time() - float(run.recall("followed_from"))
    if waited < SLOW_AFTER_SECONDS:
        return TICK_SECONDS
    pause = min(float(run.recall("pause", TICK_SECONDS)) * 1.5, SLOWEST_SECONDS)
    run.note(pause=pause)
    return pause


def _raise_if_over(run: Run, operation: ApplyOperation) -> None:
    error = operation.error or {}
    if operation.status in ("failed", "rolled_back", "needs_repair"):
        failure = _failed(operation, error)
        committing.raise_or_replan(
            run, failure.fault.code, safe=error.get("safe_to_retry") is True, error=failure
        )
    if operation.status == "activation_pending" and _hopeless(error):
        raise _failed(operation, error, resumable=True)
    if time.time() - float(run.recall("followed_from")) > BUDGET_SECONDS:
        raise _out_of_time(operation)


def _hopeless(error: Mapping[str, Any]) -> bool:
    said_no = error.get("retryable") is False or error.get("safe_to_retry") is False
    return said_no or str(error.get("code")) in HOPELESS


_STATES = {
    "failed": "none",
    "rolled_back": "rolled_back",
    "needs_repair": "partial",
    "activation_pending": "partial",
}


def _failed(operation: ApplyOperation, error: Mapping[str, Any], *, resumable: bool = False) -> Failed:
    """Return the gateway's own error, whole; what it left out is filled in from the state."""
    known = (
        "code",
        "message",
        "hint",
        "retryable",
        "safe_to_retry",
        "mutation_state",
        "trace_id",
        "next_actions",
        "details",
    )
    details = {**_mapping(error.get("details")), **{key: error[key] for key in error if key not in known}}
    actions = error.get("next_actions")
    return Failed(
        text_of(error, "code", operation.status.upper()),
        text_of(
            error, "message", _("Run402 ended the deploy as “%(status)s”.") % {"status": operation.status}
        ),
        source="run402",
        hint=text_of(error, "hint"),
        retryable=error.get("retryable") is True,
        safe_to_retry=error.get("safe_to_retry") is not False,
        mutation_state=text_of(error, "mutation_state", _STATES[operation.status]),
        trace_id=text_of(error, "trace_id"),
        details={**details, "operation_id": operation.operation_id, "resumable": resumable},
        next_actions=tuple(_mapping(action) for action in actions) if isinstance(actions, list) else (),
    )


def _out_of_time(operation: ApplyOperation) -> Failed:
    return Failed(
        "DEPLOY_STILL_RUNNING",
        _("Run402 has not finished after ten minutes; it stands at “%(status)s”.")
        % {"status": operation.status},
        hint=_("It may still finish by itself. Resume looks again, and pushes it on where that is possible."),
        retryable=True,
        mutation_state="unknown",
        details={"operation_id": operation.operation_id, "resumable": True},
    )


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
