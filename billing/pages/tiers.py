"""The price list, and the confirmation of a payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import prices, real_money, selectors, services
from billing.pages.wallets import PATIENCE, is_held, policy_of, refresh_if_stale
from billing.prices import Change, Price
from core.ui import times
from operations import selectors as operation_selectors
from operations.live import next_delay
from operations.models import Operation, State
from teams.models import Membership, Team
from teams.permissions import Action, allows
from teams.reach import Reach
from wallets import limiting, policies, standing, thresholds, windows
from wallets import selectors as wallet_selectors
from wallets.limits import Cap, Money, money_of
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.windows import Spend


@dataclass(frozen=True)
class Offer:
    """One tier for one wallet. `refusal` says why the gate would not let it pay; it is empty when it would."""

    price: Price
    change: Change | None
    refusal: str
    url: str

    @property
    def is_now(self) -> bool:
        """The wallet has this tier."""
        return self.change == Change.RENEW


@dataclass(frozen=True)
class TiersPage:
    """The price list of a gateway, as one wallet sees it. It asks `url` again after `delay` ms while it is read."""

    gateway: Gateway
    offers: tuple[Offer, ...]
    wallet: Wallet | None
    wallets: tuple[Wallet, ...]
    has_lease: bool
    reading: bool
    trouble: Operation | None
    url: str
    delay: int
    may_pay: bool
    may_make_wallets: bool
    takes_real_money: bool
    network: str = BASE_SEPOLIA


@dataclass(frozen=True)
class TierPage:
    """What one click would pay, and what for. Sums are micros; `after` is None while the balance is not known.

    `fee`: what the network may take on top; 0 where it takes nothing.
    """

    wallet: Wallet
    price: Price
    change: Change
    until: datetime | None
    before: int | None
    after: int | None
    obstacle: str
    needs_money: bool
    fee: int
    network: str
    prepaid: int | None
    #: The networks that the wallet may pay on, test money first: more than one is a choice.
    networks: tuple[str, ...]
    #: Above which sum somebody else has to approve; None where nobody has to.
    approved_above: int | None

    @property
    def needs_approval(self) -> bool:
        """Somebody else has to approve it before anything is paid."""
        most = (self.price.micros or 0) + self.fee
        return self.approved_above is not None and most > self.approved_above

    @property
    def is_real(self) -> bool:
        """What leaves is real money."""
        return money_of(self.network) == "real"

    @property
    def read_at(self) -> datetime | None:
        """When the balance was read."""
        return self.wallet.mainnet_at if self.is_real else self.wallet.balance_at

    @property
    def prepaid_pays(self) -> bool:
        """What Run402 keeps for the wallet covers the price, and Run402 takes it from there first."""
        return (
            self.prepaid is not None and self.price.micros is not None and self.prepaid >= self.price.micros
        )

    @property
    def prepaid_after(self) -> int:
        """What of that is left then, in micros."""
        return (self.prepaid or 0) - (self.price.micros or 0)

    @property
    def title(self) -> str:
        """What is bought."""
        return services.purpose_of(self.wallet, self.price)

    @property
    def sentence(self) -> str:
        """What the gateway will make of it (contract: identity 4.4)."""
        now = _day(self.wallet.lease_expires_at)
        words = {"days": self.price.lease_days or "?", "until": _day(self.until), "now": now}
        return _SENTENCES[self.change]() % words


_SENTENCES = {
    Change.SUBSCRIBE: lambda: _("%(days)s days, until %(until)s."),
    Change.RENEW: lambda: _("%(days)s more days, from the end of the present lease until %(until)s."),
    Change.UPGRADE: lambda: _(
        "A new lease of %(days)s days starts now, until %(until)s. What is left of the old one is credited to the "
        "balance that Run402 keeps for this wallet."
    ),
    Change.DOWNGRADE: lambda: _(
        "A smaller tier before %(now)s: Run402 may refuse until then, or when more is stored than the tier holds. "
        "A refusal costs nothing; otherwise %(days)s days start now and the rest of the old lease is credited."
    ),
}


def _day(moment: datetime | None) -> str:
    return times.exactly(moment).partition(",")[0] if moment else _("a date that Run402 decides")


def chosen_wallet(reach: Reach, gateway: Gateway, wallet_id: str) -> Wallet | None:
    """Return the wallet named in the address, else the first ready one at the gateway."""
    ready = wallet_selectors.ready_wallets(reach, gateway).order_by("created_at")
    if not wallet_id:
        return ready.first()
    try:
        wallet = ready.filter(pk=UUID(wallet_id)).first()
    except ValueError:
        wallet = None
    if wallet is None:
        raise Http404("no such wallet")
    return wallet


def tiers_page(
    membership: Membership, gateway: Gateway, wallet: Wallet | None, *, step: int = 0
) -> TiersPage:
    """Return the price list, and read it again when it is old."""
    reading, trouble = _refresh(membership.team, gateway)
    if wallet is not None:
        wallet.gateway = gateway  # with the list that is shown
    query = f"?wallet={wallet.pk}&" if wallet else "?"
    left = _left(wallet, membership) if wallet else {}
    return TiersPage(
        gateway=gateway,
        offers=tuple(_offer(price, wallet, left) for price in prices.prices_of(gateway)),
        wallet=wallet,
        wallets=tuple(wallet_selectors.ready_wallets(membership.reach, gateway)),
        has_lease=wallet is not None and prices.has_lease(wallet),
        reading=reading is not None,
        trouble=trouble,
        url=f"{reverse('billing:tiers')}{query}step={step + 1}",
        delay=max(next_delay(reading, step), 250) if reading else 0,
        may_pay=allows(membership.role, Action.TIER_SET),
        may_make_wallets=allows(membership.role, Action.WALLET_MANAGE),
        takes_real_money=wallet is not None and bool(real_money.network_of(wallet)),
    )


def _refresh(team: Team, gateway: Gateway) -> tuple[Operation | None, Operation | None]:
    """Return the reading under way, started now if the list is old; and the last one if it failed."""
    operations = operation_selectors.operations_of(Reach(team.pk)).filter(
        gateway=gateway, kind="gateway.tiers"
    )
    last = operations.first()
    if last is not None and last.is_active:
        return last, None
    if last is not None and _is_newer(last, gateway):
        gateway.refresh_from_db(fields=["tiers", "tiers_at"])
    trouble = last if last is not None and last.state == State.FAILED else None
    just_tried = last is not None and last.finished_at and timezone.now() - last.finished_at < PATIENCE
    if just_tried or not prices.are_stale(gateway) or not standing.takes_background(gateway):
        return None, trouble
    return services.refresh_tiers(team=team, gateway=gateway), trouble


def _is_newer(reading: Operation, gateway: Gateway) -> bool:
    """Say whether the reading wrote a list after the row was read: it ended in between, and nothing would tell."""
    done, started = reading.state == State.SUCCEEDED, reading.started_at
    return done and started is not None and (gateway.tiers_at is None or gateway.tiers_at < started)


def _offer(price: Price, wallet: Wallet | None, left: Mapping[Cap, int]) -> Offer:
    if wallet is None:
        return Offer(price, None, "", "")
    url = reverse("billing:tier", args=[wallet.pk, price.name])
    return Offer(price, prices.change_for(wallet, price), _limit(left, price), url)


def _limit(left: Mapping[Cap, int], price: Price) -> str:
    """Return what the limits, as their row says, would answer; the worker asks the genuine ones again."""
    cap = windows.exceeded(left, price.micros) if price.micros is not None else None
    return limiting.sentence(cap, left[cap]) if cap else ""


def _left(wallet: Wallet, membership: Membership, money: Money = "test") -> Mapping[Cap, int]:
    """Return what the limits leave the member for a tier, by the wallet's row."""
    policy = policy_of(wallet)
    if policy is None:
        return {}
    spend = Spend(money, Payment.Cost.TIER, membership.user_id)
    return windows.left_for(wallet, policies.stated(policy), spend, timezone.now())


def tier_page(wallet: Wallet, tier: str, membership: Membership, *, network: str = "") -> TierPage:
    """Return the confirmation, for test money unless another network is named.

    404 for a tier that the gateway does not list, and for a network that the wallet may not pay on.
    """
    networks = tuple(one for one in wallet.networks if real_money.may_pay_on(wallet, one)) or (
        wallet.network,
    )
    network = network or wallet.network
    if network not in networks:
        raise Http404("no such network")
    price = prices.price_of(wallet.gateway, tier)
    if price is None:
        raise Http404("no such tier")
    refresh_if_stale(wallet)
    before = real_money.balance_on(wallet, network)
    fee = services.fee_of(wallet)
    after = None if before is None or price.micros is None else before - price.micros - fee
    prepaid = wallet.prepaid_micros
    covered = prepaid is not None and price.micros is not None and prepaid >= price.micros
    return TierPage(
        wallet=wallet,
        price=price,
        change=prices.change_for(wallet, price),
        until=prices.lease_end(wallet, price),
        before=before,
        after=after,
        obstacle=_obstacle(wallet, price, membership, money_of(network) or "test"),
        needs_money=after is not None and after < 0 and not covered,
        fee=fee,
        network=network,
        prepaid=prepaid,
        networks=networks,
        approved_above=thresholds.shown(membership.team, wallet, Payment.Cost.TIER),
    )


def _obstacle(wallet: Wallet, price: Price, membership: Membership, money: Money) -> str:
    """Return why nothing can be paid now, as far as web can know."""
    if not wallet.is_ready:
        return _("This wallet is not ready yet.")
    if is_held(wallet):
        return _("This wallet is frozen: it pays nothing until it is let go again.")
    if price.micros is None:
        return _("The price of this tier has not been read yet.")
    if wallet_selectors.unknown_payment(wallet):
        return _(
            "An earlier payment of this wallet has an unknown outcome. Nothing is paid until it is known."
        )
    if any(
        operation.kind == "tier.set" and operation.is_active
        for operation in selectors.wallet_operations(wallet.pk, membership.reach)
    ):
        return _("A tier is being paid for with this wallet right now.")
    return _limit(_left(wallet, membership, money), price)


def tier_context(page: TierPage) -> dict[str, Any]:
    """Return what the form starts with: the price that the page shows."""
    return {"micros": page.price.micros, "network": page.network}
