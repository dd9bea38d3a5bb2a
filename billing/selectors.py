"""Named reads of the money pages. Each is scoped by team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from operations import selectors as operation_selectors
from operations.models import ACTIVE, Operation
from teams.models import Team
from wallets import selectors as wallet_selectors
from wallets.models import Gateway, Payment, Wallet

#: Wallets that could not be made leave the list after a day; their operation stays in the activity.
FAILED_SHOWN = timedelta(days=1)
LEDGER_DAYS = 30
QUIET_KINDS = ("wallet.balance",)


def wallets_here(team: Team, gateway: Gateway) -> QuerySet[Wallet]:
    """Return the team's wallets at a gateway."""
    old = Q(state=Wallet.State.FAILED, created_at__lt=timezone.now() - FAILED_SHOWN)
    return wallet_selectors.wallets_of(team, gateway).exclude(old)


def spent_today(wallets: Sequence[Wallet]) -> dict[UUID, int]:
    """Return what left today or still may, in micros, for those of the wallets that spent."""
    today = Payment.objects.filter(reserved_at__gte=wallet_selectors.day_start(), state__in=Payment.COUNTING)
    sums = today.filter(wallet__in=wallets).order_by().values("wallet").annotate(spent=Sum("amount_micros"))
    return {row["wallet"]: row["spent"] for row in sums}


def noted_operation(team: Team, subject_id: UUID) -> Operation | None:
    """Return what a page says about its subject: what is under way, else the last one. Refreshes do not count."""
    operations = (
        operation_selectors.operations_of(team).filter(subject_id=subject_id).exclude(kind__in=QUIET_KINDS)
    )
    return operations.filter(state__in=ACTIVE).order_by("created_at").first() or operations.first()


def payment_or_404(team: Team, payment_id: UUID) -> Payment:
    """Return one payment of the team."""
    payment = wallet_selectors.payments_of(team).filter(pk=payment_id).first()
    if payment is None:
        raise Http404("no such payment")
    return payment


def ledger(
    team: Team, gateway: Gateway, *, q: str = "", state: str = "", wallet: str = ""
) -> QuerySet[Payment]:
    """Return the payments at a gateway that fit the filters, newest first."""
    payments = wallet_selectors.payments_of(team).filter(wallet__gateway=gateway)
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


def ledger_sums(team: Team, gateway: Gateway) -> LedgerSums:
    """Return what was paid in thirty days, and what is reserved or unknown now."""
    payments = Payment.objects.filter(team=team, wallet__gateway=gateway)
    recent = payments.filter(
        ended_at__gte=timezone.now() - timedelta(days=LEDGER_DAYS), state=Payment.State.SETTLED
    )
    held = payments.filter(state__in=[Payment.State.RESERVED, Payment.State.SIGNED])
    unknown = payments.filter(state=Payment.State.UNKNOWN)
    return LedgerSums(
        recent.aggregate(sum=Sum("settled_micros"))["sum"] or 0,
        recent.count(),
        held.aggregate(sum=Sum("amount_micros"))["sum"] or 0,
        held.count(),
        unknown.aggregate(sum=Sum("amount_micros"))["sum"] or 0,
        unknown.count(),
    )
