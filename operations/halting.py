"""Stopping and resuming by people: a team by who may in it, a gateway or everything by operators."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from operations import wake
from operations.endings import HELD
from operations.halted import of
from operations.models import Operation, State
from operations.queue import add_event
from operations.registry import DEPLOYS, INTERACTIVE, SYNC
from teams.models import Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from wallets import halts
from wallets.models import Gateway, Halt


def stop(*, user: User, why: str, team: Team | None = None, gateway: Gateway | None = None) -> Halt:
    """Stop a team, a gateway, or everything when neither is given.

    Raises NotAllowed, and Refusal without a reason or when it is stopped already.
    """
    _demand(user, team)
    return halts.stop(actor=user.actor, why=why, team=team, gateway=gateway)


def resume(*, user: User, halt: Halt) -> None:
    """Lift a halt and wake the workers. Raises NotAllowed, and Refusal while something has to be done first."""
    _demand(user, halt.team)
    with transaction.atomic():
        _tell_begun(halt, user)
        halts.lift(halt, actor=user.actor)
        for queue in (INTERACTIVE, DEPLOYS, SYNC):
            transaction.on_commit(partial(wake.send, queue))


def _demand(user: User, team: Team | None) -> None:
    allowed = still_allowed(user, team, Action.HALT) if team is not None else user.is_operator
    if not allowed:
        raise NotAllowed


def _tell_begun(halt: Halt, user: User) -> None:
    """Say it on those that had begun and were told why they stopped: workers hold few at a time."""
    begun = Operation.objects.filter(
        of([halt]), state=State.QUEUED, events__type=HELD, events__message=halts.said(halt)[:500]
    )
    for operation in begun.distinct():
        add_event(operation, "resumed", _("Resumed by %(who)s") % {"who": user.label})
