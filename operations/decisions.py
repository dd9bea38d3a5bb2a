"""What follows an attempt that did not succeed: repeat it, look what became of it, hand it to a person, or end it.

                                    retryable and safe_to_retry     anything else
    a kind that only reads          retry (retryable is enough)     fail
    a change, and none happened     retry                           fail
    a change in doubt               reconcile                       reconcile

In doubt are `unknown`, `partial` and `committed`, and words that the contract does not know. Reconcile runs the kind's
`reconcile`, which reads and changes nothing. Where there is none, and while it cannot tell, an error for which the
gateway vouches (both flags) is repeated; every other one waits for a person, as `waiting: review`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from operations.models import Operation, Reason, State
from operations.registry import kinds

#: Of the contract's `mutation_state`: nothing has changed.
NOTHING = frozenset({"", "none", "not_started", "rolled_back"})
#: The checkpoint under which an operation in doubt remembers the error, and how often it has looked.
RECONCILING = "reconciling"
#: The checkpoint that counts how often doubt arose since a person decided.
DOUBTS = "doubts"

#: The checkpoint of an operation that came out of a backup (`operations.restoring`).
RESTORED = "restored"


class Next(enum.StrEnum):
    """What the engine does next."""

    RETRY = "retry"
    RECONCILE = "reconcile"
    REVIEW = "review"
    FAIL = "fail"


def after(error: Mapping[str, Any], *, mutates: bool) -> Next:
    """Return what follows an error, given as the stored envelope."""
    if not mutates:
        return Next.RETRY if error.get("retryable") else Next.FAIL
    if in_doubt(error, mutates=mutates):
        return Next.RECONCILE
    return Next.RETRY if _vouched(error) else Next.FAIL


def without_knowing(error: Mapping[str, Any]) -> Next:
    """Return what follows an error in doubt whose outcome cannot be read."""
    return Next.RETRY if _vouched(error) else Next.REVIEW


def in_doubt(error: Mapping[str, Any], *, mutates: bool) -> bool:
    """Say whether something may have changed that nobody has seen to its end."""
    return mutates and str(error.get("mutation_state") or "") not in NOTHING


def _vouched(error: Mapping[str, Any]) -> bool:
    return bool(error.get("retryable") and error.get("safe_to_retry"))


# --- For the page of an operation ---


def why_not_retried(operation: Operation) -> str:
    """Return in one sentence why the panel does not repeat it by itself; empty while that is no question."""
    if is_in_review(operation) and not operation.error and operation.checkpoints.get(RESTORED):
        return _(
            "It was under way when the backup was made that is restored here: it may have happened since."
        )
    if not operation.error or not _rests_badly(operation):
        return ""
    mutates = kinds.get(operation.kind).mutates if operation.kind in kinds else True
    return reason(operation.error, mutates=mutates)


def _rests_badly(operation: Operation) -> bool:
    return operation.state == State.FAILED or is_in_review(operation)


def is_in_review(operation: Operation) -> bool:
    """Say whether a person has to find out what became of it."""
    return operation.state == State.WAITING and operation.reason == Reason.REVIEW


def reason(error: Mapping[str, Any], *, mutates: bool) -> str:
    """Return why an error is not repeated, in one sentence."""
    if in_doubt(error, mutates=mutates):
        return _reason_in_doubt(str(error["mutation_state"]))
    if after(error, mutates=mutates) is Next.RETRY:
        return _("It was tried as often as is reasonable, and each time this was the answer.")
    if error.get("source") == "run402":
        return _reason_of_gateway(error)
    if error.get("code") in ("PANEL_BUG", "BAD_RESULT"):
        return _("A mistake in the panel does not go away by trying again.")
    if error.get("retryable"):
        return _("Trying again by itself could change something twice.")
    return _("Trying again would be refused for the same reason, until that has changed.")


def _reason_in_doubt(mutation_state: str) -> str:
    if mutation_state == "partial":
        return _("A part of it happened: doing all of it again could do that part twice.")
    if mutation_state == "committed":
        return _("It happened at Run402 before the error came: doing it again would do it twice.")
    return _("Nobody knows whether it happened: doing it again could do it twice.")


def _reason_of_gateway(error: Mapping[str, Any]) -> str:
    if error.get("retryable"):
        return _("Run402 says that it may work later, but not that repeating it by itself is safe.")
    return _("Run402 says that the same request would get the same answer.")


def can_inspect(operation: Operation) -> bool:
    """Say whether the panel can look for itself what became of it (Inspect)."""
    known = operation.kind in kinds and kinds.get(operation.kind).reconcile is not None
    return known and is_in_review(operation)


def inspecting(operation: Operation) -> dict[str, Any]:
    """Return the checkpoints with which `queue.decide` has a worker look again (Inspect)."""
    return {RECONCILING: {"error": operation.error, "looks": 0}, DOUBTS: None}


def resuming() -> dict[str, Any]:
    """Return the checkpoints with which `queue.decide` has a worker go on at the handler's last step (Resume)."""
    return {RECONCILING: None, DOUBTS: None}
