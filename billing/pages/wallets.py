"""The list of wallets, and one wallet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from billing import prices, selectors, services
from billing.pages.payments import PaymentRow, payment_rows
from core.errors import Refusal
from operations import selectors as operation_selectors
from operations.live import next_delay
from operations.models import Operation, State
from projects.models import Project
from teams.models import Membership, Team
from teams.permissions import Action, allows
from wallets import selectors as wallet_selectors
from wallets.models import Gateway, Payment, SpendPolicy, Wallet
from wallets.models.gateway import BASE_SEPOLIA

#: A mirror older than this is read again when somebody looks; a failed reading is not repeated sooner than PATIENCE.
FRESH = timedelta(seconds=60)
PATIENCE = timedelta(seconds=15)
LATEST = 5


@dataclass(frozen=True)
class WalletRow:
    """One wallet of the list. Sums are micros."""

    wallet: Wallet
    policy: SpendPolicy | None
    spent: int
    blocked: bool
    has_lease: bool


@dataclass(frozen=True)
class WalletsPage:
    """The team's wallets at the current gateway."""

    gateway: Gateway
    rows: tuple[WalletRow, ...]
    may_manage: bool
    network: str = BASE_SEPOLIA


@dataclass(frozen=True)
class Money:
    """What a wallet holds and has, and how fresh that is. It asks `url` again after `delay` ms; 0: it is all there."""

    wallet: Wallet
    has_lease: bool
    faucet_again: datetime | None
    drawing: bool
    reading: bool
    trouble: Operation | None
    url: str
    delay: int
    may_fund: bool
    may_pay: bool
    network: str = BASE_SEPOLIA

    @property
    def is_empty(self) -> bool:
        """The wallet is known to be empty, so the faucet is the next step."""
        return self.wallet.balance_micros == 0


@dataclass(frozen=True)
class WalletPage:
    """One wallet. `left` is what it may still spend today; sums are micros."""

    wallet: Wallet
    money: Money
    policy: SpendPolicy | None
    spent: int
    left: int
    unknown: Payment | None
    op: Operation | None
    payments: tuple[PaymentRow, ...]
    payment_count: int
    operations: tuple[Operation, ...]
    project_count: int
    may_manage: bool
    network: str = BASE_SEPOLIA


def wallets_page(team: Team, gateway: Gateway, membership: Membership) -> WalletsPage:
    """Return the list."""
    wallets = list(selectors.wallets_here(team, gateway))
    blocked = set(
        Payment.objects.filter(wallet__in=wallets, state=Payment.State.UNKNOWN).values_list(
            "wallet_id", flat=True
        )
    )
    spent = selectors.spent_today(wallets)
    rows = tuple(
        WalletRow(
            wallet, policy_of(wallet), spent.get(wallet.pk, 0), wallet.pk in blocked, prices.has_lease(wallet)
        )
        for wallet in wallets
    )
    return WalletsPage(gateway, rows, allows(membership.role, Action.WALLET_MANAGE))


def policy_of(wallet: Wallet) -> SpendPolicy | None:
    """Return the limits as their row says; only a worker can tell whether they are genuine."""
    return getattr(wallet, "policy", None)


def money_of(wallet: Wallet, membership: Membership, *, step: int = 0) -> Money:
    """Return what the wallet holds, and read it again when that is old."""
    reading, trouble = _refresh(wallet)
    under_way = operation_selectors.active_for(wallet.team, wallet.pk)
    url = reverse("billing:wallet_money", args=[wallet.pk])
    return Money(
        wallet=wallet,
        has_lease=prices.has_lease(wallet),
        faucet_again=services.faucet_again(wallet),
        drawing=any(operation.kind == "wallet.faucet" for operation in under_way),
        reading=reading is not None,
        trouble=trouble,
        url=f"{url}?step={step + 1}",
        delay=max(next_delay(reading, step), 250) if reading else 0,
        may_fund=allows(membership.role, Action.WALLET_FUND),
        may_pay=allows(membership.role, Action.TIER_SET),
    )


def _refresh(wallet: Wallet) -> tuple[Operation | None, Operation | None]:
    """Return the reading under way, started now if the mirror is stale; and the last one if it failed."""
    last = operation_selectors.latest_for(wallet.team, wallet.pk, "wallet.balance")
    if last is not None and last.is_active:
        return last, None
    trouble = last if last is not None and last.state == State.FAILED else None
    if not wallet.is_ready or not _is_stale(wallet, last):
        return None, trouble
    try:
        return services.refresh_wallet(wallet=wallet), trouble
    except Refusal:  # the panel itself asks, so this is a race with another reader
        return None, trouble


def _is_stale(wallet: Wallet, last: Operation | None) -> bool:
    now = timezone.now()
    if last is not None and last.finished_at and now - last.finished_at < PATIENCE:
        return False
    return wallet.balance_at is None or now - wallet.balance_at > FRESH


def wallet_page(wallet: Wallet, membership: Membership) -> WalletPage:
    """Return everything about one wallet."""
    policy, spent = policy_of(wallet), wallet_selectors.spent_today_micros(wallet)
    payments = wallet_selectors.payments_of(wallet.team).filter(wallet=wallet)
    operations = operation_selectors.operations_of(wallet.team).filter(wallet=wallet)
    return WalletPage(
        wallet=wallet,
        money=money_of(wallet, membership),
        policy=policy,
        spent=spent,
        left=max(policy.per_day_micros - spent, 0) if policy else 0,
        unknown=wallet_selectors.unknown_payment(wallet),
        op=selectors.noted_operation(wallet.team, wallet.pk),
        payments=payment_rows(wallet.team, tuple(payments[:LATEST])),
        payment_count=payments.count(),
        operations=tuple(operations.exclude(kind__in=selectors.QUIET_KINDS)[:LATEST]),
        project_count=Project.objects.filter(wallet=wallet).count(),
        may_manage=allows(membership.role, Action.WALLET_MANAGE),
    )
