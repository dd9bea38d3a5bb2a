"""Payments by card: one, and those that wait for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import checkouts
from core.ui.money import usd
from operations.live import next_delay
from operations.models import Operation
from teams.models import Membership
from teams.permissions import Action, allows, may_with
from wallets import cards
from wallets.models import Checkout, Gateway

State = Checkout.State
LOOKS = {
    State.ASKED: "running",
    State.OPEN: "waits",
    State.PAID: "ok",
    State.EXPIRED: "idle",
    State.ABANDONED: "cancelled",
    State.FOREIGN: "bad",
    State.FAILED: "bad",
}
#: Milliseconds between two looks of the page, by the age of the link.
DELAYS = ((timedelta(minutes=10), 2000), (timedelta(hours=1), 10_000), (timedelta(days=1), 30_000))
LONG_MS = 60_000
MOST_LISTED = 8
#: No link was made, yet or at all: the operation that asks for it says more.
UNMADE = (State.ASKED, State.FAILED, State.FOREIGN)


@dataclass(frozen=True)
class CheckoutPage:
    """One payment by card. It asks `url` again after `delay` ms until nothing changes by itself any more.

    `may_open`: this member may pay it now. `is_lost`: nobody can: its link is gone. `op`: the operation
    that asks for the link, while or if that matters.
    """

    checkout: Checkout
    op: Operation | None
    look: str
    word: str
    sentence: str
    network: str
    may_pay: bool
    may_open: bool
    is_lost: bool
    command: str
    url: str
    delay: int

    @property
    def title(self) -> str:
        """What is paid for."""
        return cards.purpose_of(self.checkout)

    @property
    def seconds_left(self) -> int:
        """How long the link can be paid yet."""
        ends = self.checkout.expires_at
        return max(0, int((ends - timezone.now()).total_seconds())) if ends else 0


@dataclass(frozen=True)
class Unfinished:
    """One line of those that wait."""

    checkout: Checkout
    title: str
    word: str
    network: str


def checkout_page(checkout: Checkout, membership: Membership, *, step: int = 0) -> CheckoutPage:
    """Return one payment by card, and have Run402 read for it when that is due."""
    checkouts.look(checkout, watched=True)
    operation = checkouts.asked_by(checkout)
    may = allows(membership.role, Action.TIER_SET) and may_with(
        membership, checkout.wallet_id, Action.TIER_SET
    )
    over = checkout.is_payable and checkout.is_over
    lost = checkout.state == State.OPEN and not over and not checkouts.link_of(checkout)
    shows_op = operation and checkout.state in UNMADE
    return CheckoutPage(
        checkout=checkout,
        op=operation if shows_op else None,
        look="unknown" if lost else "waits" if over else LOOKS[State(checkout.state)],
        word=_word(checkout, over=over, lost=lost),
        sentence=_lost() if lost else sentence_of(checkout),
        network=cards.network_of(checkout.wallet),
        may_pay=may,
        may_open=may and checkout.is_payable and not over and not lost,
        is_lost=lost,
        command=command_of(checkout),
        url=f"{reverse('billing:checkout', args=[checkout.pk])}?step={step + 1}",
        delay=_delay(checkout, operation, step),
    )


def _delay(checkout: Checkout, operation: Operation | None, step: int) -> int:
    # A worker writes what became of the link ahead of the operation's end, and only that says why.
    if checkout.state in UNMADE and operation and operation.is_active:
        return max(next_delay(operation, step), 250)
    if checkout.state == State.ASKED:
        return 2000
    if not checkout.is_payable:
        return 0
    age = timezone.now() - checkout.created_at
    return next((delay for until, delay in DELAYS if age < until), LONG_MS)


def _word(checkout: Checkout, *, over: bool, lost: bool) -> str:
    if lost:
        return _("Link is gone")
    return _("Looks once more") if over else checkout.get_state_display()


def _lost() -> str:
    return _(
        "The link is not here any more: no backup holds it. Ask for a new page. If somebody paid by the old one, that "
        "will be seen here."
    )


def sentence_of(checkout: Checkout) -> str:
    """Return what became of it, and what to do."""
    if checkout.is_payable and checkout.is_over:
        return _("The link's time is over. The panel looks once more whether it was paid in the last moment.")
    facts = {"host": checkout.host, "sum": usd(checkout.paid_micros or 0, exact=True)}
    if checkout.state == State.PAID and checkout.paid_micros is None:
        return _(
            "Run402 shows what was bought, and does not tell what the card was charged. The receipt does."
        )
    return _SENTENCES[State(checkout.state)]() % facts


_SENTENCES = {
    State.ASKED: lambda: _("A worker asks Run402 for a page to pay on."),
    State.OPEN: lambda: _(
        "The page to pay on is at %(host)s, in a new tab. Come back here afterwards, or not: the panel looks by itself."
    ),
    State.PAID: lambda: _(
        "%(sum)s arrived at Run402 and is in the ledger. No limit of the wallet counts it."
    ),
    State.EXPIRED: lambda: _("Nobody paid while the link was good. Nothing was charged; ask for a new one."),
    State.ABANDONED: lambda: _(
        "It is listed no more. Who has its page open can still pay until the link expires, and that will be seen here."
    ),
    State.FOREIGN: lambda: _(
        "Run402 named a page that this panel opens for nobody. The link was thrown away and nothing was paid: pay "
        "from the wallet instead, and tell Run402."
    ),
    State.FAILED: lambda: _("No link was made and nothing was charged. Ask again, or pay from the wallet."),
}


def command_of(checkout: Checkout) -> str:
    """Return what does the same at a command line (seed 2, billing)."""
    if checkout.product == Checkout.Product.TIER:
        return f"run402 billing tier-checkout {checkout.tier} --wallet {checkout.wallet.address}"
    return f"run402 allowance checkout --amount {checkout.amount_micros}"


def unfinished(membership: Membership, gateway: Gateway) -> Sequence[Unfinished]:
    """Return what waits for somebody to pay, newest first."""
    rows = checkouts.unfinished(membership.reach, gateway)[:MOST_LISTED]
    return [
        Unfinished(
            row,
            cards.purpose_of(row),
            row.get_state_display(),
            cards.network_of(row.wallet),
        )
        for row in rows
    ]
