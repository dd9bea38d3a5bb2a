"""Named reads of wallets and payments. Each is scoped by what its reader reaches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from core.prepared import Param
from teams.models import Membership, Team
from teams.permissions import Action, demand, demand_with
from teams.reach import Level, Reach
from wallets.limits import WINDOWS
from wallets.models import Freeze, Gateway, Payment, Wallet
from wallets.windows import charged


def wallets_of(reach: Reach, gateway: Gateway | str | Param | None = None) -> QuerySet[Wallet]:
    """Return the wallets within reach, at one gateway or at all, each with `is_held`: it is frozen."""
    held = Freeze.objects.filter(wallet=OuterRef("pk"), lifted_at=None)
    wallets = Wallet.objects.filter(reach.q(wallet="pk")).annotate(is_held=Exists(held))
    wallets = wallets.select_related("gateway", "owner", "policy", "team")
    return wallets.filter(gateway=gateway) if gateway else wallets


def names_of(team: Team) -> list[tuple[UUID, str]]:
    """Return the team's wallets with their gateways, by name: for choosing what a member reaches.

    One that is kept to some people is shared from its own page, and named to nobody else.
    """
    rows = wallets_of(Reach(team.pk)).filter(open_to_team=True).exclude(state=Wallet.State.FAILED)
    rows = rows.order_by("label")
    return [(wallet.pk, f"{wallet.label} ({wallet.gateway.name})") for wallet in rows]


def ready_wallets(reach: Reach, gateway: Gateway | str | Param) -> QuerySet[Wallet]:
    """Return the wallets that can sign."""
    return wallets_of(reach, gateway).filter(state=Wallet.State.READY)


def spendable_wallets(membership: Membership, gateway: Gateway) -> QuerySet[Wallet]:
    """Return the wallets that can sign and that the member may spend from, as far as the wallets say."""
    return ready_wallets(membership.reach, gateway).exclude(pk__in=membership.shares.below(Level.SPEND))


def wallet_for(membership: Membership, wallet_id: UUID, action: Action = Action.VIEW) -> Wallet:
    """Return one wallet for a member who wants to do `action`: 404 out of reach, 403 without the right."""
    wallet = wallets_of(membership.reach).filter(pk=wallet_id).first()
    if wallet is None:
        raise Http404("no such wallet")
    demand(membership, action)
    demand_with(membership, wallet.pk, action)
    return wallet


def payments_of(reach: Reach) -> QuerySet[Payment]:
    """Return the ledger of the wallets within reach, newest first."""
    return Payment.objects.filter(reach.q(wallet="wallet_id")).select_related("wallet", "wallet__gateway")


def a_day_ago() -> datetime:
    """Return when the window of a day begins that ends now. Pages show it; the gate asks the database's clock."""
    return timezone.now() - WINDOWS["day"]


def spent_in_a_day_micros(wallet: Wallet) -> int:
    """Return what left in the last 24 hours or still may, in micros."""
    counting = Payment.objects.filter(wallet=wallet, reserved_at__gt=a_day_ago(), state__in=Payment.COUNTING)
    counting = counting.exclude(paid_by="card")
    return counting.aggregate(total=Sum(charged()))["total"] or 0


def unknown_payment(wallet: Wallet) -> Payment | None:
    """Return the payment whose outcome blocks the wallet, if there is one."""
    return Payment.objects.filter(wallet=wallet, state=Payment.State.UNKNOWN).first()


def operations_paid(ids: Collection[UUID]) -> set[UUID]:
    """Return those of the operations that a payment belongs to: the ledger leads to them."""
    return set(Payment.objects.filter(operation_id__in=ids).values_list("operation_id", flat=True))
