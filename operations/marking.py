"""What a person decides about an operation whose outcome nobody knows (`waiting: review`).

    resume      a worker goes on where the handler stopped: its checkpoints keep it from doing a step again
    inspect     a worker looks what became of it (the kind's `reconcile`); it ends if that tells, and waits again if not
    mark        the person says what became of it, with a note; nothing is sent

Marking says nothing about money: `on_end` frees what was never signed; what was signed counts until the chain tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Refusal
from operations import decisions, outcomes, queue, rights
from operations.models import Operation, Reason, State
from operations.registry import kinds
from teams.models import Membership, User
from teams.permissions import Action, NotAllowed, allows

#: Owners and admins may always say what became of an operation, whoever may ask for its kind.
ALWAYS = Action.MEMBERS_MANAGE
LONGEST_NOTE = 300


def may_go_on(operation: Operation, membership: Membership) -> bool:
    """Say whether the member's role may resume or inspect it: like asking for it."""
    return operation.kind in kinds and allows(membership.role, kinds.get(operation.kind).action)


def may_mark(operation: Operation, membership: Membership) -> bool:
    """Say whether the member's role may say what became of it."""
    return allows(membership.role, ALWAYS) or may_go_on(operation, membership)


def resume(*, operation: Operation, actor: User) -> None:
    """Have a worker go on. Raises Refusal when it is not in review any more, or they or its asker may not.

    The worker asks for its asker's right before it acts, and would end it as if nothing had happened.
    """
    if not rights.may(operation, operation.actor):
        said = _("%(who)s, who asked for it, may no longer do this. Find out what became of it, and mark it.")
        raise Refusal("ASKER_MAY_NOT", said % {"who": operation.actor_label})
    said = _("%(who)s has it go on.") % {"who": actor.label}
    _decide(operation, actor, "resumed", decisions.resuming(), said)


def inspect(*, operation: Operation, actor: User) -> None:
    """Have a worker look what became of it. Raises Refusal like `resume`, and for a kind that cannot look."""
    if not decisions.can_inspect(operation):
        raise Refusal("CANNOT_INSPECT", _("The panel cannot look for itself what became of this."))
    said = _("%(who)s has Run402 asked what became of it.") % {"who": actor.label}
    _decide(operation, actor, "inspected", decisions.inspecting(operation), said)


def _decide(
    operation: Operation, actor: User, what: str, checkpoints: Mapping[str, Any], message: str
) -> None:
    queue.decide(
        operation,
        actor=actor,
        checkpoints=checkpoints,
        message=message,
        reason=Reason.REVIEW,
        recorded=what,
    )


def mark(*, operation: Operation, actor: User, done: bool, note: str) -> None:
    """End it as done or as failed, because the actor says so. Raises Refusal without a note, and like `resume`."""
    if not (rights.may(operation, actor) or rights.may(operation, actor, ALWAYS)):
        raise NotAllowed
    note = " ".join(note.split())[:LONGEST_NOTE]
    if not note:
        raise Refusal("NOTE_MISSING", _("Say in a note how you know what became of it."), field="note")
    with transaction.atomic():
        _end(operation, done=done)
        words = {"who": actor.label, "note": note}
        said = (
            _("Marked as done by %(who)s: %(note)s") if done else _("Marked as failed by %(who)s: %(note)s")
        )
        queue.add_event(operation, "decision", said % words)
        if operation.kind in kinds:
            queue.tell_end(operation)
        outcomes.announce(operation)
        queue.audit_operation("marked_done" if done else "marked_failed", operation, actor.actor, note=note)


def _end(operation: Operation, *, done: bool) -> None:
    """Move the row, if it is in review still."""
    in_review = Operation.objects.filter(pk=operation.pk, state=State.WAITING, reason=Reason.REVIEW)
    state = State.SUCCEEDED if done else State.FAILED
    if not in_review.update(state=state, reason="", finished_at=timezone.now()):
        raise decided()
    operation.refresh_from_db()


def decided() -> Refusal:
    """Return the refusal of what was decided, or ended, meanwhile."""
    return Refusal("NOT_WAITING", _("This was decided already, or has ended."))
