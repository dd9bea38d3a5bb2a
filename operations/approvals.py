"""The second person: above a team's threshold, somebody else has to approve what an operation pays.

    demand (handler, before anything is reserved) ──▶ waiting: approval ──▶ approve | decline (web) ──▶ demand again

What is approved is the operation as it stands: its arguments never change.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refusal
from core.ui.money import usd
from operations import queue
from operations.models import Operation, Reason, State
from operations.work import Wait, Work
from teams.models import Membership, Team, User
from teams.permissions import Action, allows, may_with, still_allowed, who_may

#: The checkpoint that holds who approved.
APPROVED_BY = "approved_by"


def demand(work: Work, micros: int) -> None:
    """Go on below the threshold, or with the approval of another member who may still give it; else wait."""
    operation = work.operation
    above = Team.objects.values_list("approval_above_micros", flat=True).get(pk=operation.team_id)
    if above is None or micros <= above:
        return
    approver = _approver(operation, work.checkpoints.get(APPROVED_BY))
    if approver is None:
        raise Wait(Reason.APPROVAL, _asked(micros, again=APPROVED_BY in work.checkpoints))
    work.event(_("Approved by %(who)s.") % {"who": approver.label})


def _approver(operation: Operation, user_id: str | None) -> User | None:
    """Return who approved, if it is somebody else and they may still do so."""
    found = User.objects.filter(pk=UUID(user_id)).first() if user_id else None
    return found if found and may_approve(operation, found) else None


def _asked(micros: int, *, again: bool) -> str:
    if again:
        return _("Who approved this may not do so any more. It needs another approval.")
    said = _(
        "%(sum)s is above what one person may pay in this team. Somebody else has to approve it: %(roles)s."
    )
    return said % {"sum": usd(micros, exact=True), "roles": who_may(Action.PAYMENT_APPROVE)}


def may_approve(operation: Operation, user: User) -> bool:
    """Say whether the person may decide about it now: another than who asked, with the right to."""
    if operation.actor_id == user.pk:
        return False
    ids = {"project_id": operation.project_id, "wallet_id": operation.wallet_id}
    return still_allowed(user, operation.team, Action.PAYMENT_APPROVE, **ids)


def is_waiting(operation: Operation) -> bool:
    """Say whether the operation waits for an approval."""
    return operation.state == State.WAITING and operation.reason == Reason.APPROVAL


def deciders(operation: Operation) -> list[User]:
    """Return who could decide about it."""
    others = Membership.objects.filter(team=operation.team_id, user__is_active=True).select_related(
        "user", "team"
    )
    rows = others.exclude(user=operation.actor_id).order_by("user__name", "user__email")
    action = Action.PAYMENT_APPROVE
    able = [
        each for each in rows if allows(each.role, action) and may_with(each, operation.wallet_id, action)
    ]
    return [each.user for each in able if each.reach.covers(operation.project_id, operation.wallet_id)]


def approve(*, operation: Operation, actor: User) -> None:
    """Let the operation go on. Raises Refusal for who asked for it, and when it waits no more."""
    with transaction.atomic():
        locked = _locked(operation, actor)
        said = _("%(who)s approves.") % {"who": actor.label}
        queue.audit_operation("approved", locked, actor.actor)
        queue.decide(
            locked,
            actor=actor,
            checkpoints={APPROVED_BY: str(actor.pk)},
            message=said,
            reason=Reason.APPROVAL,
        )


def decline(*, operation: Operation, actor: User) -> None:
    """End the operation; nothing was paid. Raises Refusal like `approve`."""
    with transaction.atomic():
        locked = _locked(operation, actor)
        queue.add_event(locked, "declined", _("%(who)s declines. Nothing was paid.") % {"who": actor.label})
        queue.audit_operation("declined", locked, actor.actor)
        queue.cancel(locked, actor=actor)


def _locked(operation: Operation, actor: User) -> Operation:
    locked = (
        Operation.objects.select_for_update(of=("self",)).select_related("team", "actor").get(pk=operation.pk)
    )
    if not is_waiting(locked):
        raise Refusal("NOT_WAITING", _("This was decided already, or has ended."))
    if not may_approve(locked, actor):
        raise Refusal("NOT_YOURS_TO_APPROVE", _("Whoever asks cannot approve. Another member has to."))
    return locked
