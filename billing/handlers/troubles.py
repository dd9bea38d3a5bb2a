"""What can stop a payment, each as one sentence with the next step."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from core.ui.money import network_name, usd
from run402.errors import PaymentRefused
from wallets.models import Payment


def insufficient(payment: Payment) -> Refusal:
    """The wallet holds too little, read a moment ago; nothing was signed."""
    wallet = payment.wallet
    facts = {
        "name": wallet.label,
        "holds": usd(wallet.balance_micros or 0),
        "price": usd(payment.amount_micros, exact=True),
    }
    return Refusal(
        "INSUFFICIENT_FUNDS",
        _("%(name)s holds %(holds)s of test USDC, and this costs %(price)s. Nothing was paid.") % facts,
        details={"balance_micros": wallet.balance_micros, "amount_micros": payment.amount_micros},
        next_steps=[NextStep("fund_wallet", _("Ask the faucet for test money"), _page(payment))],
    )


def refused(error: PaymentRefused, payment: Payment) -> Refusal:
    """Our own policy found nothing among the gateway's offers that may be paid; nothing was signed."""
    reasons = [str(reason) for reason in error.details.get("reasons", ())]
    here = [reason.partition(": ")[2] for reason in reasons if reason.startswith(f"{payment.network}: ")]
    tiers = NextStep("see_prices", _("Look at the prices again"), reverse("billing:tiers"))
    if "amount" in here:
        shown = usd(payment.amount_micros, exact=True)
        sentence = _("Run402 asks for more than the %(shown)s you were shown. Nothing was signed.") % {
            "shown": shown
        }
        return Refusal("PRICE_CHANGED", sentence, details={"reasons": reasons}, next_steps=[tiers])
    if not here:
        name = network_name(payment.network)
        sentence = _("Run402 does not take test money (%(network)s) for this. Nothing was signed.") % {
            "network": name
        }
        return Refusal("NETWORK_NOT_OFFERED", sentence, details={"reasons": reasons}, next_steps=[tiers])
    return Refusal(error.code, error.message, details={"reasons": reasons}, next_steps=[tiers])


def expired() -> Refusal:
    """The authorization ran out unused: the ledger proves that no money moved."""
    return Refusal(
        "PAYMENT_EXPIRED",
        _(
            "The payment was sent but never settled, and it has expired. No money moved; the tier was not set."
        ),
        next_steps=[NextStep("see_prices", _("Choose the tier again"), reverse("billing:tiers"))],
    )


def paid_for_nothing(payment: Payment) -> Refusal:
    """The money moved and the tier is not there: only Run402 can mend that."""
    return Refusal(
        "PAID_NOT_DELIVERED",
        _("The payment settled, but Run402 does not show the tier. Nothing more is paid for it."),
        hint=_("Give the support of Run402 the payment's nonce: it is on the page of the payment."),
        details={"nonce": payment.nonce, "transaction": payment.transaction},
        next_steps=[
            NextStep("open_payment", _("Open the payment"), reverse("billing:payment", args=[payment.pk])),
            NextStep("contact_support", _("Ask the support of Run402")),
        ],
    )


def _page(payment: Payment) -> str:
    return reverse("billing:wallet", args=[payment.wallet_id])
