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
from teams.models import Membership
from teams.permissions import Action, demand
from teams.reach import Reach
from wallets import selectors as wallet_selectors
from wallets import windows
from wallets.limits import Cap
from wallets.models import Gateway, Payment, Wallet

#: Wallets that could not be made leave the list after a day; their operation stays in the activity.
FAILED_SHOWN = timedelta(days=1)
LEDGER_DAYS = 30
LATEST_OPERATIONS = 10
QUIET_KINDS = ("wallet.balance", "wallet.unfreeze_due")


def wallets_here(reach: Reach, gateway: Gateway) -> QuerySet[Wallet]:
    """Return the wallets within reach at a gateway."""
    old = Q(state=Wallet.State.FAILED, created_at__lt=timezone.now() - FAILED_SHOWN)
    return wallet_selectors.wallets_of(reach, gateway).exclude(old)


def spent_in_a_day(wallets: Sequence[Wallet]) -> dict[UUID, int]:
    """Return what left in the last 24 hours or still may, in micros, for those of the wallets that spent."""
    recent = Payment.objects.filter(reserved_at__gt=wallet_selectors.a_day_ago(), state__in=Payment.COUNTING)
    sums = recent.filter(wallet__in=wallets).order_by().values("wallet").annotate(spent=Sum("amount_micros"))
    return {row["wallet"]: row["spent"] for row in sums}


def wallet_operations(wallet: Wallet, reach: Reach) -> list[Operation]:
    """Return what is under way with a wallet, then what was last, newest first. Refreshes do not count."""
    operations = operation_selectors.operations_of(reach).filter(wallet=wallet).exclude(kind__in=QUIET_KINDS)
    done = Case(When(state__in=ACTIVE, then=0), default=1, output_field=IntegerField())
    return list(operations.order_by(done, "-created_at")[:LATEST_OPERATIONS])


def signed_payments(wallet: Wallet) -> list[Payment]:
    """Return what was signed and may still settle, newest first."""
    states = [Payment.State.SIGNED, Payment.State.UNKNOWN]
    return list(
        Payment.objects.filter(wallet=wallet, state__in=states).order_by("-reserved_at")[:LATEST_OPERATIONS]
    )


def noted(operations: Sequence[Operation], subject_id: UUID) -> Operation | None:
    """Return what a page says about its subject: what began first of all that is under way, else the last one."""
    own = [operation for operation in operations if operation.subject_id == subject_id]
    active = [operation for operation in own if operation.is_active]
    return active[-1] if active else next(iter(own), None)


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


def ledger(
    reach: Reach, gateway: Gateway, *, q: str = "", state: str = "", wallet: str = ""
) -> QuerySet[Payment]:
    """Return the payments at a gateway that fit the filters, newest first."""
    payments = payments_of(reach).filter(wallet__gateway=gateway)
    if state:
        payments = payments.filter(state=state)
    if wallet:
        payments = payments.filter(wallet_id=wallet)
    if q:
        payments = payments.filter(_matches(q.strip()))
    return payments


def _matches(text: str) -> Q:
    found = Q(purpose__icontains=text) | Q(transaction__icontains=text) | Q(nonce__icontains=text)
    try:
        return found | Q(pk=UUID(text)) | Q(operation_id=UUID(text))
    except ValueError:
        return found


@dataclass(frozen=True)
class LedgerSums:
    """Sums over the ledger, in micros, and how many payments make them up."""

    settled: int
    settled_count: int
    reserved: int
    reserved_count: int
    unknown: int
    unknown_count: int


def ledger_sums(reach: Reach, gateway: Gateway) -> LedgerSums:
    """Return what was paid in thirty days, and what is reserved or unknown now."""
    recent = Q(ended_at__gte=timezone.now() - timedelta(days=LEDGER_DAYS), state=Payment.State.SETTLED)
    held = Q(state__in=[Payment.State.RESERVED, Payment.State.SIGNED])
    unknown = Q(state=Payment.State.UNKNOWN)
    sums = Payment.objects.filter(reach.q(wallet="wallet_id"), wallet__gateway=gateway).aggregate(
        settled=Sum("settled_micros", filter=recent, default=0),
        settled_count=Count("pk", filter=recent),
        reserved=Sum("amount_micros", filter=held, default=0),
        reserved_count=Count("pk", filter=held),
        unknown=Sum("amount_micros", filter=unknown, default=0),
        unknown_count=Count("pk", filter=unknown),
    )
    return LedgerSums(**sums)
