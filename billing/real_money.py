"""Real money: where a wallet may pay it, and what a person reads before a passkey lets it go."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import limits
from core.errors import NextStep, Refusal
from core.ui.money import network_name, usd
from operations.models import Operation
from wallets import cards, policies
from wallets.limits import NETWORKS, money_of
from wallets.models import Payment, SpendPolicy, Wallet


def network_of(wallet: Wallet) -> str:
    """Return the network of real money that the wallet's rail has at its gateway; empty where there is none."""
    return next((one for one in wallet.networks if one in NETWORKS["real"]), "")


def is_allowed(wallet: Wallet) -> bool:
    """Say whether real money was allowed, as the row says; the worker asks the genuine one."""
    return is_allowed_by(SpendPolicy.objects.filter(wallet=wallet).first())


def is_allowed_by(policy: SpendPolicy | None) -> bool:
    """Say the same of a row at hand."""
    return policy is not None and policies.stated(policy).real is not None


def may_pay_on(wallet: Wallet, network: str) -> bool:
    """Say whether the wallet may pay there: on its own network of test money, on that of real money where allowed."""
    if network not in wallet.networks:
        return False
    return money_of(network) == "test" or is_allowed(wallet)


def balance_on(wallet: Wallet, network: str) -> int | None:
    """Return what the wallet holds there, in micros; None while that is not known."""
    return wallet.mainnet_micros if money_of(network) == "real" else wallet.balance_micros


def balance_network(wallet: Wallet) -> str:
    """Return the network whose limits count what Run402's own balance pays: real money once a card has filled it."""
    return network_of(wallet) or wallet.network if cards.have_filled(wallet) else wallet.network


def refuse_filled_balance(payment: Payment) -> None:
    """Raise Refusal where a payment of test money would be taken from a balance that a card has filled."""
    wallet = payment.wallet
    held = wallet.prepaid_micros or 0
    if money_of(payment.network) == "real" or not cards.have_filled(wallet) or held < payment.amount_micros:
        return
    raise Refusal(
        "BALANCE_IS_REAL",
        _(
            "Run402 would take this from the balance that it keeps for %(wallet)s, which a card has filled:"
            " that is real money. Nothing was asked for."
        )
        % {"wallet": wallet.label},
        hint=_("Choose real money to pay with it: an owner allows that on the page of the limits."),
        next_steps=[
            NextStep(
                "limits",
                _("Limits of real money"),
                reverse("billing:limits", args=[wallet.pk]) + "?money=real",
            )
        ],
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what a payment of real money will do when it is confirmed."""
    network = str(operation.args.get("network", ""))
    micros = operation.args.get("micros")
    most = usd(micros, exact=True) if type(micros) is int else _("a sum that makes no sense")
    return [
        *limits.about(operation),
        (_("Pays for"), str(operation.args.get("purpose", ""))),
        (_("At most"), _("%(sum)s of real money") % {"sum": most}),
        (_("Network"), network_name(network)),
        (_("Called back"), _("It cannot be: what has left is gone.")),
    ]
