"""The list of wallets, and one wallet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from billing import caps, freezes, prices, rails, real_money, renewals, selectors, services
from billing.pages.payments import PaymentRow, payment_row
from operations import selectors as operation_selectors
from operations.live import next_delay
from operations.models import Operation, State
from teams.models import Membership
from teams.permissions import Action, allows, may_with
from teams.reach import Reach
from wallets import freezing, policies, standing
from wallets.limits import NETWORKS, Cap
from wallets.models import Freeze, Gateway, Payment, SpendPolicy, Unfreezing, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA
from wallets.selectors import wallet_for

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
    frozen: bool
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
    renewals: int | None
    may_limit: bool
    real_allowed: bool
    network: str = BASE_SEPOLIA

    @property
    def takes_real_money(self) -> bool:
        """The gateway may ever ask for money on Base itself."""
        return BASE_MAINNET in self.wallet.networks and not self.wallet.is_play

    @property
    def is_low(self) -> bool:
        """What it holds does not cover the next renewal of its tier."""
        return self.renewals == 0

    @property
    def is_empty(self) -> bool:
        """The wallet is known to be empty, so the faucet is the next step."""
        return self.wallet.balance_micros == 0


@dataclass(frozen=True)
class LimitRow:
    """One limit in words, with what of it is used; a single payment stands alone and uses none of its limit."""

    title: str
    cap: Cap
    used: int
    network: str

    @property
    def adds_up(self) -> bool:
        """Whether it is about the sum of several payments."""
        return self.cap.window != "payment"


@dataclass(frozen=True)
class Frozen:
    """Why a wallet pays nothing, what may still settle, and whose word waits for a second one or for its hour."""

    freeze: Freeze
    signed: tuple[Payment, ...]
    waiting: Unfreezing | None
    may_unfreeze: bool
    may_stop: bool


@dataclass(frozen=True)
class WalletPage:
    """One wallet with its limits and what they have left."""

    wallet: Wallet
    money: Money
    policy: SpendPolicy | None
    limits: tuple[LimitRow, ...]
    unknown: Payment | None
    frozen: Frozen | None
    op: Operation | None
    payments: tuple[PaymentRow, ...]
    payment_count: int
    operations: tuple[Operation, ...]
    may_manage: bool
    may_export: bool
    may_retire: bool
    may_freeze: bool
    may_switch: bool
    #: The networks that it may pay on: of test money, and of real money where that is allowed.
    pays_on: tuple[str, ...]
    network: str = BASE_SEPOLIA


def wallets_page(membership: Membership, gateway: Gateway) -> WalletsPage:
    """Return the list."""
    wallets = list(selectors.wallets_here(membership.reach, gateway))
    blocked = set(
        Payment.objects.filter(wallet__in=wallets, state=Payment.State.UNKNOWN).values_list(
            "wallet_id", flat=True
        )
    )
    spent = selectors.spent_in_a_day(wallets)
    rows = tuple(
        WalletRow(
            wallet,
            policy_of(wallet),
            spent.get(wallet.pk, 0),
            wallet.pk in blocked,
            is_held(wallet),
            prices.has_lease(wallet),
        )
        for wallet in wallets
    )
    return WalletsPage(gateway, rows, allows(membership.role, Action.WALLET_MANAGE))


def policy_of(wallet: Wallet) -> SpendPolicy | None:
    """Return the limits as their row says; only a worker can tell whether they are genuine."""
    return getattr(wallet, "policy", None)


def money_of(
    wallet: Wallet, membership: Membership, operations: Sequence[Operation], *, step: int = 0
) -> Money:
    """Return what the wallet holds, and read it again when that is old. `operations`: the wallet's latest."""
    reading, trouble = refresh_if_stale(wallet)
    url = reverse("billing:wallet_money", args=[wallet.pk])
    return Money(
        wallet=wallet,
        has_lease=prices.has_lease(wallet),
        faucet_again=services.faucet_again(wallet),
        drawing=any(operation.kind == "wallet.faucet" and operation.is_active for operation in operations),
        reading=reading is not None,
        trouble=trouble,
        url=f"{url}?step={step + 1}",
        delay=max(next_delay(reading, step), 250) if reading else 0,
        may_fund=wallet.is_ready and may(membership, wallet, Action.WALLET_FUND),
        may_pay=wallet.is_ready and may(membership, wallet, Action.TIER_SET),
        renewals=renewals.left(wallet),
        may_limit=may(membership, wallet, Action.WALLET_MANAGE),
        real_allowed=real_money.is_allowed_by(policy_of(wallet)),
        network=wallet.network,
    )


def refresh_if_stale(wallet: Wallet) -> tuple[Operation | None, Operation | None]:
    """Return the reading under way, started now if the mirror is stale; and the last one if it failed."""
    last = operation_selectors.latest_for(Reach(wallet.team_id), wallet.pk, "wallet.balance")
    if last is not None and last.is_active:
        return last, None
    if last is not None and _is_newer(last, wallet):
        wallet.refresh_from_db()
    trouble = last if last is not None and last.state == State.FAILED else None
    if not wallet.is_ready or not _is_stale(wallet, last):
        return None, trouble
    if not standing.takes_background(wallet.gateway):
        return None, trouble
    return services.refresh_wallet(wallet=wallet), trouble


def _is_newer(reading: Operation, wallet: Wallet) -> bool:
    """Say whether the reading wrote a balance after the row was read: it ended in between, and nothing would tell."""
    done, started = reading.state == State.SUCCEEDED, reading.started_at
    return done and started is not None and (wallet.balance_at is None or wallet.balance_at < started)


def _is_stale(wallet: Wallet, last: Operation | None) -> bool:
    now = timezone.now()
    if last is not None and last.finished_at and now - last.finished_at < PATIENCE:
        return False
    return wallet.balance_at is None or now - wallet.balance_at > FRESH


def wallet_page(wallet_id: UUID, membership: Membership) -> WalletPage:
    """Return everything about one wallet. Raises Http404 out of reach.

    The operations are read first: what one writes meanwhile would be shown as it was before if it had ended by then,
    and nothing would load the page anew.
    """
    operations = selectors.wallet_operations(wallet_id, membership.reach)
    wallet = wallet_for(membership, wallet_id)
    policy = policy_of(wallet)
    limits = policies.stated(policy) if policy else None
    every = [cap for money in NETWORKS for cap in limits.caps_of(money)] if limits else []
    sums = selectors.wallet_sums(wallet, every)
    payments = selectors.payments_of(membership.reach).filter(wallet=wallet)
    return WalletPage(
        wallet=wallet,
        money=money_of(wallet, membership, operations),
        policy=policy,
        limits=tuple(_limit_rows(membership, sums.used)),
        unknown=payments.filter(state=Payment.State.UNKNOWN).first() if sums.unknown else None,
        frozen=frozen_of(wallet, membership),
        op=selectors.noted(operations, wallet.pk),
        payments=tuple(map(payment_row, payments[:LATEST])),
        payment_count=sums.payments,
        operations=tuple(sorted(operations, key=lambda one: one.created_at, reverse=True)[:LATEST]),
        may_manage=may(membership, wallet, Action.WALLET_MANAGE),
        may_export=wallet.has_key and may(membership, wallet, Action.WALLET_EXPORT),
        may_retire=wallet.is_ready and may(membership, wallet, Action.WALLET_RETIRE),
        may_freeze=wallet.is_ready and may(membership, wallet, Action.WALLET_FREEZE),
        may_switch=_may_switch(wallet, membership),
        pays_on=_pays_on(wallet, policy),
        network=wallet.network,
    )


def may(membership: Membership, wallet: Wallet, action: Action) -> bool:
    """Say whether role and wallet let the member do it: for buttons."""
    return allows(membership.role, action) and may_with(membership, wallet.pk, action)


def _pays_on(wallet: Wallet, policy: SpendPolicy | None) -> tuple[str, ...]:
    real = real_money.network_of(wallet) if real_money.is_allowed_by(policy) else ""
    return (wallet.network, real) if real else (wallet.network,)


def _may_switch(wallet: Wallet, membership: Membership) -> bool:
    """Say whether there is another rail: back to x402 always, to MPP while a worker can pay by it."""
    if not wallet.is_ready or not may(membership, wallet, Action.WALLET_MANAGE):
        return False
    return wallet.pays_by_mpp or rails.takes_mpp(wallet.gateway)


def is_held(wallet: Wallet) -> bool:
    """Say whether a wallet that a selector read is frozen, as the rows say."""
    return bool(getattr(wallet, "is_held", True))


def frozen_of(wallet: Wallet, membership: Membership) -> Frozen | None:
    """Return what holds the wallet; None when it may pay."""
    held = freezing.active(wallet) if is_held(wallet) else None
    if held is None:
        return None
    waiting = freezes.waiting_for(wallet)
    is_theirs = waiting is not None and waiting.by_id == str(membership.user_id)
    return Frozen(
        freeze=held,
        signed=tuple(selectors.signed_payments(wallet)),
        waiting=waiting,
        may_unfreeze=may(membership, wallet, Action.WALLET_UNFREEZE) and not is_theirs,
        may_stop=waiting is not None and may(membership, wallet, Action.WALLET_FREEZE),
    )


def _limit_rows(membership: Membership, used: Mapping[Cap, int]) -> Iterator[LimitRow]:
    """Yield the limits as their row says, with what is used of each; those of real money where it is allowed."""
    named = caps.names_for(list(used), membership.team, membership.reach)
    for cap, micros in used.items():
        network = NETWORKS["real" if cap.money == "real" else "test"][0]
        yield LimitRow(caps.title(cap, named), cap, micros, network)
