"""Named reads of the money pages. Each is scoped by what its reader reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from operations import selectors as operation_selectors
from operations.models import ACTIVE, Operation
from teams.models import Membership, User
from teams.permissions import Action, demand
from teams.reach import Reach
from wallets import selectors as wallet_selectors
from wallets import windows
from wallets.limits import Cap
from wallets.models import Gateway, Payment, Wallet

#: Wallets that could not be made leave the list after a day; their operation stays in the activity.
FAILED_SHOWN = timedelta(days=1)
LATEST_OPERATIONS = 10
#: So long a page tells the end of what was asked for on it.
SHOWN = timedelta(days=1)
QUIET_KINDS = ("wallet.balance", "wallet.unfreeze_due", "wallet.outside", "checkout.follow")


def wallets_here(reach: Reach, gateway: Gateway) -> QuerySet[Wallet]:
    """Return the wallets within reach at a gateway."""
    old = Q(state=Wallet.State.FAILED, created_at__lt=timezone.now() - FAILED_SHOWN)
    return wallet_selectors.wallets_of(reach, gateway).exclude(old)


def spent_in_a_day(wallets: Sequence[Wallet]) -> dict[UUID, int]:
    """Return what left in the last 24 hours or still may, in micros, for those of the wallets that spent."""
    recent = Payment.objects.filter(reserved_at__gt=wallet_selectors.a_day_ago(), state__in=Payment.COUNTING)
    recent = recent.exclude(paid_by="card")
    sums = (
        recent.filter(wallet__in=wallets).order_by().values("wallet").annotate(spent=Sum(windows.charged()))
    )
    return {row["wallet"]: row["spent"] for row in sums}


def wallet_operations(wallet_id: UUID, reach: Reach) -> list[Operation]:
    """Return what is under way with a wallet, then what was last, newest first. Refreshes do not count."""
    operations = (
        operation_selectors.operations_of(reach).filter(wallet_id=wallet_id).exclude(kind__in=QUIET_KINDS)
    )
    done = Case(When(state__in=ACTIVE, then=0), default=1, output_field=IntegerField())
    return list(operations.order_by(done, "-created_at")[:LATEST_OPERATIONS])


def asked_lately(reach: Reach, *kinds: str, by: User | None = None) -> Operation | None:
    """Return what a page follows that lists what these kinds write, among what was asked for in the last day.

    `by`: asked for by this person. The page reads it before the rows.
    """
    asked = operation_selectors.operations_of(reach).filter(kind__in=kinds)
    asked = asked.filter(created_at__gt=timezone.now() - SHOWN)
    return followed(list((asked.filter(actor=by) if by else asked)[:LATEST_OPERATIONS]))


def followed(operations: Sequence[Operation]) -> Operation | None:
    """Return what a page follows of some operations, newest first, that were read before what they write.

    It is what began first of all that is under way, else the last one.
    """
    active = [operation for operation in operations if operation.is_active]
    return active[-1] if active else next(iter(operations), None)


def signed_payments(wallet: Wallet) -> list[Payment]:
    """Return what was signed and may still settle, newest first."""
    states = [Payment.State.SIGNED, Payment.State.UNKNOWN]
    return list(
        Payment.objects.filter(wallet=wallet, state__in=states).order_by("-reserved_at")[:LATEST_OPERATIONS]
    )


def noted(operations: Sequence[Operation], subject_id: UUID) -> Operation | None:
    """Return what a page says about its subject, as `followed` does."""
    return followed([operation for operation in operations if operation.subject_id == subject_id])


def payments_of(reach: Reach) -> QuerySet[Payment]:
    """Return the ledger within reach, newest first, each with `asked_by`: who asked for it."""
    own = Operation.objects.filter(pk=OuterRef("operation_id"), team_id=reach.team_id)
    asker = own.order_by().values("actor_label")[:1]
    return wallet_selectors.payments_of(reach).annotate(asked_by=Coalesce(Subquery(asker), Value("")))


@dataclass(frozen=True)
class WalletSums:
    """What stands in the ledger about one wallet: what is used of its caps, how many payments, how many unknown."""

    used: Mapping[Cap, int]
    payments: int
    unknown: int


def wallet_sums(wallet: Wallet, caps: Sequence[Cap]) -> WalletSums:
    """Return the sums of one wallet in one query."""
    sums = Payment.objects.filter(wallet=wallet).aggregate(
        payments=Count("pk"),
        unknown=Count("pk", filter=Q(state=Payment.State.UNKNOWN)),
        **windows.sums_of(caps, timezone.now()),
    )
    return WalletSums(windows.by_cap(caps, sums), sums["payments"], sums["unknown"])


def payment_for(membership: Membership, payment_id: UUID, action: Action = Action.VIEW) -> Payment:
    """Return one payment for a member who wants to do `action`: 404 out of reach, 403 without the right."""
    payment = payments_of(membership.reach).filter(pk=payment_id).first()
    if payment is None:
        raise Http404("no such payment")
    demand(membership, action)
    return payment
