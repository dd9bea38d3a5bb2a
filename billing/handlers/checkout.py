"""Asking for links to pay by card, and reading what became of them (contract: identity 4.3, 4.4).

No money is signed here and none is the wallet's: a person types a card into the payment company's own page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing import hosts
from billing.checkouts import CREATE, FOLLOW, GRACE, LIFE, LINK, asked_by
from billing.handlers import card_reading
from billing.handlers.mirror import read_account, read_tier, wallet_of
from core.errors import NextStep, Refusal
from operations import results
from operations.models import Operation
from operations.reconciling import Outcome, did_not_happen, resumes
from operations.registry import SYNC, kind
from operations.work import Work
from run402.errors import NotFound
from run402.resources.checkouts import CheckoutLink
from run402.resources.tiers import TierStatus
from teams.permissions import Action
from wallets import cards
from wallets.models import Checkout

#: A link that a gateway says to hold longer is asked for anew after so long.
LONGEST = timedelta(days=7)
State = Checkout.State


def close(operation: Operation) -> None:
    """End the wish when there will be no link."""
    cards.move(_checkout(operation), State.FAILED, ended_at=timezone.now())


def what_became_of_it(work: Work) -> Outcome:
    """Say what a lost answer means: a link that nobody has can be paid by nobody."""
    if _checkout(work.operation).state != State.ASKED:
        return resumes(_("The link is here."))
    return did_not_happen(_("No link arrived, and a link that nobody has cannot be paid."))


@kind(
    CREATE,
    gettext_lazy("Ask for a link to pay by card"),
    action=Action.TIER_SET,
    on_end=close,
    reconcile=what_became_of_it,
)
def create(work: Work) -> dict[str, Any]:
    """Remember what the wallet has now, ask for the link, keep it covered, and open it for people."""
    checkout = _checkout(work.operation)
    if checkout.state == State.ASKED:
        with work.client() as client:
            if "before" not in work.checkpoints:
                work.checkpoint(before=_before(work, client))
            work.stop_if_cancelled()
            link = _ask(work, client, checkout)
        _keep(work, checkout, link)
    return {"checkout": str(checkout.pk)}


def _before(work: Work, client: run402.Client) -> dict[str, Any]:
    wallet = wallet_of(work.operation)
    status = read_tier(client, wallet)
    read_account(client, wallet)
    ends = status.lease_expires_at if status else None
    return {
        "tier": (status.tier if status and status.active else "") or "",
        "lease_expires_at": ends.isoformat() if ends else "",
        "prepaid_micros": wallet.prepaid_micros or 0,
    }


def _ask(work: Work, client: run402.Client, checkout: Checkout) -> CheckoutLink:
    key = work.operation.idempotency_key
    try:
        if checkout.product == Checkout.Product.TIER:
            return client.checkouts.for_tier(checkout.tier, idempotency_key=key)
        return client.checkouts.for_balance(checkout.amount_micros or 0, idempotency_key=key)
    except NotFound as error:
        raise _nothing_by_card(checkout, error) from None


def _nothing_by_card(checkout: Checkout, error: NotFound) -> Refusal:
    facts = {"gateway": checkout.wallet.gateway.name}
    return Refusal(
        "NO_CHECKOUT",
        _("%(gateway)s made no payment page: it sells nothing by card, or knows this wallet not yet.")
        % facts,
        hint=_("A first tier paid from the wallet makes it known there. Nothing was charged."),
        details={"code": error.code},
        next_steps=[
            NextStep("pay_from_wallet", _("Pay from the wallet instead"), _tiers_of(checkout)),
        ],
    )


def _tiers_of(checkout: Checkout) -> str:
    return f"{reverse('billing:tiers')}?wallet={checkout.wallet_id}"


def _keep(work: Work, checkout: Checkout, link: CheckoutLink) -> None:
    """Cover the link and open the checkout; of a foreign one nothing but the host is kept."""
    if not hosts.is_allowed(link.url, checkout.wallet.gateway):
        cards.end(checkout, State.FOREIGN, host=hosts.named(link.url))
        raise hosts.foreign(link.url)
    now = timezone.now()
    until = min(link.expires_at or now + LIFE, now + LONGEST)
    results.put(work.operation, LINK, link.url.encode(), life=max(until - now, timedelta(minutes=1)))
    cards.open_(
        checkout,
        topup_id=(link.topup_id or "")[:120],
        host=hosts.named(link.url),
        before=work.checkpoints["before"],
        expires_at=until,
    )
    work.event(_("The link is here. It is opened from the page of this payment."))


@kind(
    FOLLOW,
    gettext_lazy("Look what became of a payment by card"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    audited=False,
)
def follow(work: Work) -> dict[str, Any]:
    """Look once. What is not paid when its time is over has expired."""
    checkout = _checkout(work.operation)
    if not checkout.is_payable:
        return {"state": checkout.state}
    with work.client() as client:
        status = _read_wallet(client, checkout)
        paid = card_reading.paid(client, checkout, status)
        if paid is not None:  # perhaps after the wallet was read, and nobody looks again
            _read_wallet(client, checkout)
    Checkout.objects.filter(pk=checkout.pk).update(looked_at=timezone.now())
    if paid is not None:
        asked = asked_by(checkout)
        cards.pay(checkout, paid, actor_id=asked.actor_id if asked else None)
    elif checkout.expires_at and checkout.expires_at + GRACE <= datetime.now(UTC):
        cards.end(checkout, State.EXPIRED)
    return {"state": Checkout.objects.values_list("state", flat=True).get(pk=checkout.pk)}


def _read_wallet(client: run402.Client, checkout: Checkout) -> TierStatus | None:
    """Mirror the tier and what Run402 keeps for the wallet; return the tier."""
    status = read_tier(client, checkout.wallet)
    read_account(client, checkout.wallet)
    return status


def _checkout(operation: Operation) -> Checkout:
    """Return the operation's checkout, which has to be its own team's."""
    found = Checkout.objects.select_related("team", "wallet__team", "wallet__gateway")
    return found.get(pk=operation.args["checkout"], team_id=operation.team_id)
