"""Paying by card: asking for a link, remembering it, looking what became of it.

asked ──link──▶ open ──Run402 shows it──▶ paid
  │              ├──its day is over──▶ expired
  │              └──put aside by a person──▶ abandoned ──paid all the same──▶ paid
  ├──link of a foreign host──▶ foreign
  └──no link──▶ failed

The contract has no call that tells what became of a link: the tier, the balance and Run402's ledger are read instead.
Each look is an operation of its own, one for all who watch.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import hosts
from billing.prices import price_of
from core.errors import NextStep, Refusal
from operations import queue, results
from operations.models import Operation
from operations.queue import Request
from run402.resources.checkouts import CENT_MICROS, LEAST_MICROS
from teams.models import Membership, User
from teams.permissions import Action, NotAllowed, demand, demand_with, still_allowed
from teams.reach import Reach
from wallets import cards
from wallets.models import Checkout, Gateway, Wallet
from wallets.vault import Locked

CREATE, FOLLOW = "checkout.create", "checkout.follow"
#: The field under which the link is kept, covered, with the operation that asked for it.
LINK = "link"
#: How long a link can be paid unless the gateway says otherwise: Stripe ends its pages after a day.
LIFE = timedelta(days=1)
#: What was paid in the last moment may be told a little later.
GRACE = timedelta(minutes=10)
#: No page takes more at once.
MOST_MICROS = 10_000_000_000
#: How often it is looked while somebody watches, by the age of the link.
WATCHED = (
    (timedelta(minutes=10), timedelta(seconds=2)),
    (timedelta(hours=1), timedelta(seconds=10)),
    (LIFE, timedelta(minutes=1)),
)
#: How often while nobody does.
UNWATCHED = ((timedelta(hours=1), timedelta(minutes=3)), (LIFE, timedelta(minutes=30)))


def sells_by_card(gateway: Gateway) -> bool:
    """Say whether links of this gateway could be opened at all."""
    return gateway.is_sandbox or gateway.kind == Gateway.Kind.CLOUD


def ask_for_tier(*, wallet: Wallet, actor: User, tier: str) -> Checkout:
    """Ask for a link that pays for a tier. An unfinished one for the same is returned. Raises Refusal."""
    price = price_of(wallet.gateway, tier)
    if price is None:
        raise Refusal("UNKNOWN_TIER", _("This gateway lists no such tier. Look at the prices again."))
    return _ask(wallet, actor, Checkout(product=Checkout.Product.TIER, tier=tier, amount_micros=price.micros))


def ask_for_balance(*, wallet: Wallet, actor: User, micros: int) -> Checkout:
    """Ask for a link that fills the prepaid balance. Raises Refusal for a sum that Run402 does not take."""
    if not LEAST_MICROS <= micros <= MOST_MICROS or micros % CENT_MICROS:
        raise Refusal(
            "BAD_AMOUNT", _("Between $0.50 and $10,000.00 can be paid in, in whole cents."), field="amount"
        )
    return _ask(wallet, actor, Checkout(product=Checkout.Product.BALANCE, amount_micros=micros))


def _ask(wallet: Wallet, actor: User, wanted: Checkout) -> Checkout:
    if not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready yet."))
    if not sells_by_card(wallet.gateway):
        raise Refusal(
            "NO_CARDS",
            _("%(gateway)s sells nothing by card. Pay from the wallet instead.")
            % {"gateway": wallet.gateway.name},
        )
    with transaction.atomic():
        locked = Wallet.objects.select_for_update().select_related("team", "gateway").get(pk=wallet.pk)
        if existing := _unfinished_like(locked, wanted):
            if existing.state == Checkout.State.ASKED or link_of(existing):
                return existing
            _set_aside(existing, actor)
        wanted.wallet, wanted.team = locked, locked.team
        wanted.save(force_insert=True)
        operation = queue.submit(_request(CREATE, wanted, actor))
        Checkout.objects.filter(pk=wanted.pk).update(operation_id=operation.pk)
        wanted.operation_id = operation.pk
    return wanted


def _unfinished_like(wallet: Wallet, wanted: Checkout) -> Checkout | None:
    """Return the one that can still be paid for the same; a second one could be paid twice by mistake."""
    equal = Checkout.objects.filter(wallet=wallet, product=wanted.product, tier=wanted.tier)
    if wanted.product == Checkout.Product.BALANCE:
        equal = equal.filter(amount_micros=wanted.amount_micros)
    running = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return equal.filter(running, state__in=Checkout.UNFINISHED).first()


def _request(
    kind: str, checkout: Checkout, actor: User | None = None, delay: timedelta = timedelta(0)
) -> Request:
    title = cards.purpose_of(checkout) if kind == CREATE else _("Look what became of a payment by card")
    return Request(
        kind=kind,
        title=title,
        team=checkout.team,
        gateway=checkout.wallet.gateway,
        actor=actor,
        wallet=checkout.wallet,
        subject_id=checkout.pk,
        subject_url=reverse("billing:checkout", args=[checkout.pk]),
        unique_key=f"{kind}/{checkout.pk}",
        args={"checkout": str(checkout.pk)},
        delay=delay,
    )


def put_aside(*, checkout: Checkout, actor: User) -> None:
    """Have it listed no more. Whoever has its page open can still pay, and that is noticed.

    Raises NotAllowed: no queue asks for the right here; and Refusal when it has ended.
    """
    if not still_allowed(actor, checkout.team, Action.TIER_SET, wallet_id=checkout.wallet_id):
        raise NotAllowed
    if not _set_aside(checkout, actor):
        raise Refusal("CHECKOUT_ENDED", _("This payment by card has ended already. Look at it again."))


def _set_aside(checkout: Checkout, actor: User) -> bool:
    ended = cards.end(checkout, Checkout.State.ABANDONED, actor=actor.actor)
    if ended:
        Checkout.objects.filter(pk=checkout.pk).update(ended_at=None)
    return ended


def ask_again(*, checkout: Checkout, actor: User) -> Checkout:
    """Ask for another page for the same, and list this one no more: nothing but its page tells that it ended early.

    Raises as `put_aside` and the two that ask do; then nothing has changed.
    """
    with transaction.atomic():
        put_aside(checkout=checkout, actor=actor)
        if checkout.product == Checkout.Product.TIER:
            return ask_for_tier(wallet=checkout.wallet, actor=actor, tier=checkout.tier)
        return ask_for_balance(wallet=checkout.wallet, actor=actor, micros=checkout.amount_micros or 0)


# --- Looking ---


def look(checkout: Checkout, *, watched: bool, delay: timedelta = timedelta(0)) -> Operation | None:
    """Have Run402 read for it when that is due; one look serves everybody. Return it if it is new."""
    now = timezone.now()
    if not is_due(checkout, now, watched=watched):
        return None
    these = Checkout.objects.filter(pk=checkout.pk, state__in=Checkout.PAYABLE, look_at=checkout.look_at)
    if not these.update(look_at=now):
        return None  # somebody else asked at the same moment
    return queue.submit(_request(FOLLOW, checkout, delay=delay))


def is_due(checkout: Checkout, now: datetime, *, watched: bool) -> bool:
    """Say whether it is time to look again: often at first, rarely later, and once more when its time is over."""
    if not checkout.is_payable:
        return False
    last = checkout.look_at or checkout.created_at
    return now - last >= pause_at(now - checkout.created_at, watched=watched)


def pause_at(age: timedelta, *, watched: bool) -> timedelta:
    """Return how long to wait between two looks at a link of such an age."""
    steps = WATCHED if watched else UNWATCHED
    return next((pause for until, pause in steps if age < until), timedelta(minutes=2))


def plan(gateway: Gateway, most: int) -> int:
    """Look at those that nobody watches; return at how many."""
    now = timezone.now()
    rows = Checkout.objects.filter(wallet__gateway=gateway, state__in=Checkout.PAYABLE)
    rows = rows.select_related("team", "wallet__gateway").order_by("look_at")[:1000]
    due = [one for one in rows if is_due(one, now, watched=False)][:most]
    return len([one for one in due if look(one, watched=False)])


# --- Reading ---


def checkouts_of(reach: Reach) -> QuerySet[Checkout]:
    """Return the payments by card for wallets within reach, newest first."""
    found = Checkout.objects.filter(reach.q(wallet="wallet_id"))
    return found.select_related("team", "wallet", "wallet__gateway")


def unfinished(reach: Reach, gateway: Gateway) -> QuerySet[Checkout]:
    """Return those that wait for somebody to pay, newest first."""
    return checkouts_of(reach).filter(wallet__gateway=gateway, state__in=Checkout.UNFINISHED)


def checkout_for(membership: Membership, pk: UUID, action: Action = Action.VIEW) -> Checkout:
    """Return one for a member who wants to do `action`: 404 out of reach, 403 without the right."""
    checkout = checkouts_of(membership.reach).filter(pk=pk).first()
    if checkout is None:
        raise Http404("no such checkout")
    demand(membership, action)
    demand_with(membership, checkout.wallet_id, action)
    return checkout


def asked_by(checkout: Checkout) -> Operation | None:
    """Return the operation that asked for the link, with which the link is kept."""
    if checkout.operation_id is None:
        return None
    return Operation.objects.filter(pk=checkout.operation_id, team_id=checkout.team_id).first()


def link_of(checkout: Checkout) -> str:
    """Return the page to pay on, checked again; nothing when it is kept no more, or may not be opened.

    No backup holds it, and it outlives the key that covers it when that is retired.
    """
    operation = asked_by(checkout)
    if operation is None or not checkout.is_payable or checkout.is_over:
        return ""
    try:
        url = (results.get(operation, LINK, checkout.team) or b"").decode()
    except Locked:
        return ""
    return url if hosts.is_allowed(url, checkout.wallet.gateway) else ""


def no_link() -> Refusal:
    """Say that there is no page to open any more."""
    return Refusal(
        "CHECKOUT_GONE",
        _("This link cannot be opened any more. Nothing was charged by looking; ask for a new one."),
        next_steps=[NextStep("see_prices", _("Choose again"), reverse("billing:tiers"))],
    )
