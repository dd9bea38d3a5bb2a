"""After the trouble: everything comes to rest by itself, in the time that leases, pauses and payments have."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import DatabaseError, connections
from django.db.models import Q, QuerySet
from django.utils import timezone

import projects.services
from billing import freezes, services
from operations.models import Operation, Reason, State
from projects.models import Project
from tests.chaos.cast import Cast
from tests.chaos.deciding import Deciders
from tests.chaos.ground import WORKERS, Ground
from wallets.models import Payment, Wallet

#: The longest that anything may still take: five lost leases, or a payment's life and the pause after it.
PATIENCE_SECONDS = 240.0
UNDER_WAY = (State.QUEUED, State.RUNNING)


def settle(cast: Cast, deciders: Deciders) -> bool:
    """Wait until nothing is under way and no payment open, then read every mirror anew; say whether it came to that."""
    rested = _until_nothing_moves()
    _look_up_payments(cast)
    _read_mirrors(cast)
    rested = _until_nothing_moves() and rested
    deciders.end()
    return rested


def let_leases_out(ground: Ground) -> None:
    """End the leases of processes that are dead, as time would: for runs that are too short to wait for it."""
    alive = {number for name in WORKERS for number in ground.session(name)}
    for operation in Operation.objects.filter(state=State.RUNNING):
        if int(operation.worker.rpartition(":")[2] or 0) not in alive:
            same = Operation.objects.filter(pk=operation.pk, fence=operation.fence, state=State.RUNNING)
            same.update(lease_until=timezone.now() - timedelta(seconds=1))


def _until_nothing_moves() -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    calm = 0
    while calm < 3:
        calm = 0 if _moves() else calm + 1
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _moves() -> bool:
    try:
        waits = Operation.objects.filter(state=State.WAITING, reason__in=["approval", "confirmation"])
        return _under_way().exists() or waits.exists() or _open_payments().exists()
    except DatabaseError:
        connections.close_all()
        return True


def _under_way() -> QuerySet[Operation]:
    """Return what a worker has or will have soon: a freeze that falls due falls due after the run."""
    falls_due = Q(kind=freezes.DUE, state=State.QUEUED, not_before__gt=timezone.now())
    return Operation.objects.filter(state__in=UNDER_WAY).exclude(falls_due)


def _open_payments() -> QuerySet[Payment]:
    """Return what may still move money. What was set aside for an operation in review waits for a person."""
    in_review = Operation.objects.filter(state=State.WAITING, reason=Reason.REVIEW)
    set_aside = Q(state=Payment.State.RESERVED, operation_id__in=in_review.values("pk"))
    return Payment.objects.exclude(state__in=[Payment.State.SETTLED, Payment.State.RELEASED]).exclude(
        set_aside
    )


def _look_up_payments(cast: Cast) -> None:
    """Ask for what nobody knows, as its owner would; there should be nothing left to ask for."""
    for payment in Payment.objects.filter(state=Payment.State.UNKNOWN).select_related("wallet__team"):
        person = cast.of_team(payment.team_id)[0]
        cast.asked.note(services.reconcile_payment(payment=payment, actor=person.user))


def _read_mirrors(cast: Cast) -> None:
    for wallet in Wallet.objects.filter(state=Wallet.State.READY).select_related("team", "gateway"):
        person = cast.of_team(wallet.team_id)[0]
        cast.asked.note(services.refresh_wallet(wallet=wallet, actor=person.user))
    for project in Project.objects.exclude(state=Project.State.PROVISIONING).select_related(
        "team", "wallet", "gateway"
    ):
        person = cast.of_team(project.team_id)[0]
        cast.asked.note(projects.services.refresh(project=project, actor=person.user))
