"""What can stop a payment, each as one sentence with the next step."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import real_money
from core.errors import NextStep, Refusal
from core.ui.money import network_name, usd
from run402.errors import PaymentRefused, PaymentRequired, Run402Error
from wallets import spending
from wallets.limits import money_of
from wallets.models import Payment


def insufficient(payment: Payment) -> Refusal:
    """The wallet holds too little, read a moment ago; nothing was signed."""
    wallet = payment.wallet
    held = real_money.balance_on(wallet, payment.network) or 0
    is_real = money_of(payment.network) == "real"
    fund = _("Send USDC on Base to its address") if is_real else _("Ask the faucet for test money")
    test_token = "pathUSD" if wallet.pays_by_mpp else _("test USDC")
    facts = {
        "name": wallet.label,
        "token": _("USDC on Base") if is_real else test_token,
        "holds": usd(held),
        "price": usd(payment.amount_micros, exact=True),
    }
    return Refusal(
        "INSUFFICIENT_FUNDS",
        _("%(name)s holds %(holds)s of %(token)s, and this costs %(price)s. Nothing was paid.") % facts,
        details={"balance_micros": held, "amount_micros": payment.amount_micros},
        next_steps=[NextStep("fund_wallet", fund, _page(payment))],
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
        sentence = _("Run402 does not take %(money)s (%(network)s) for this. Nothing was signed.") % {
            "money": _("real money") if money_of(payment.network) == "real" else _("test money"),
            "network": name,
        }
        return Refusal("NETWORK_NOT_OFFERED", sentence, details={"reasons": reasons}, next_steps=[tiers])
    return Refusal(error.code, error.message, details={"reasons": reasons}, next_steps=[tiers])


def refused_charge(error: PaymentRefused, payment: Payment) -> Refusal:
    """The same for what was offered by MPP: a higher price, another token or another chain."""
    reasons = [str(reason) for reason in error.details.get("reasons", ())]
    tiers = NextStep("see_prices", _("Look at the prices again"), reverse("billing:tiers"))
    if any("amount" in reason.partition(": ")[2].split(", ") for reason in reasons):
        shown = usd(payment.amount_micros - spending.MPP_FEE_MICROS, exact=True)
        said = _("Run402 asks for more than the %(shown)s you were shown. Nothing was signed.")
        return Refusal(
            "PRICE_CHANGED", said % {"shown": shown}, details={"reasons": reasons}, next_steps=[tiers]
        )
    said = _("What Run402 offers by MPP may not be paid here. Nothing was signed.")
    hint = _("Only pathUSD on Tempo's test network is paid, in one plain transfer.")
    return Refusal("CHARGE_REFUSED", said, hint=hint, details={"reasons": reasons}, next_steps=[tiers])


def no_charge(error: PaymentRequired, payment: Payment) -> Refusal:
    """The gateway asks for money, and not by MPP."""
    facts = {"gateway": payment.wallet.gateway.name, "name": payment.wallet.label}
    return Refusal(
        "MPP_NOT_OFFERED",
        _("%(gateway)s offers no payment by MPP for this, and %(name)s pays by MPP. Nothing was signed.")
        % facts,
        hint=_("Let the wallet pay by x402, or pay with another wallet."),
        details={"status": error.status},
        next_steps=[
            NextStep(
                "switch_rail", _("Switch the rail"), reverse("billing:wallet_pays", args=[payment.wallet_id])
            )
        ],
    )


def no_extra(error: Run402Error | None = None) -> Refusal:
    """This worker cannot make such a payment."""
    return Refusal(
        "EXTRA_MISSING",
        _("This worker lacks the packages that paying by MPP needs. Nothing was signed."),
        hint=_("The operator installs requirements-mpp.txt beside every worker."),
        details=dict(error.details) if error else {},
    )


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
