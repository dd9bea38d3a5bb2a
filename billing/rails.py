"""How a wallet pays: by x402 on Base, or by MPP on Tempo. Chosen when it is made, switched later."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from operations import queue, selectors
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from wallets.models import Gateway, Payment, Wallet
from wallets.models.wallet import networks_on

SWITCH = "wallet.rail"
OPEN = (Payment.State.RESERVED, Payment.State.SIGNED, Payment.State.UNKNOWN)


def takes_mpp(gateway: Gateway) -> bool:
    """Say whether a wallet that pays by MPP may be made at a gateway now: a worker has to be able to."""
    return bool(networks_on(gateway, Wallet.Rail.MPP)) and selectors.somebody_pays_by_mpp()


def require_possible(gateway: Gateway, rail: str) -> None:
    """Raise Refusal for a rail that ends before the gateway, or that no worker can take."""
    if not networks_on(gateway, rail):
        said = _("Nothing is paid by MPP at %(gateway)s.") % {"gateway": gateway.name}
        raise Refusal("RAIL_NOT_HERE", said, field="rail")
    if rail == Wallet.Rail.MPP and not selectors.somebody_pays_by_mpp():
        raise Refusal(
            "EXTRA_MISSING",
            _("No worker can pay by MPP now."),
            hint=_("The operator installs requirements-mpp.txt beside every worker."),
            field="rail",
        )


def other(wallet: Wallet) -> Wallet.Rail:
    """Return the rail that the wallet could switch to."""
    return Wallet.Rail.X402 if wallet.pays_by_mpp else Wallet.Rail.MPP


def refuse_if_open(wallet: Wallet) -> None:
    """Raise Refusal while money of the wallet may still move on the present rail."""
    open_one = Payment.objects.filter(wallet=wallet, state__in=OPEN).first()
    if open_one is not None:
        url = reverse("billing:payment", args=[open_one.pk])
        raise Refusal(
            "PAYMENT_OPEN",
            _("A payment of this wallet is still open. Switch when that has ended."),
            next_steps=[NextStep("open_payment", _("Open the payment"), url)],
        )


def real_money(wallet: Wallet) -> Refusal:
    """Return why a wallet that may pay real money stays on its rail."""
    return Refusal(
        "REAL_MONEY_ALLOWED",
        _(
            "%(name)s may pay real money. Take that off its limits first: what a switch back allows would be new."
        )
        % {"name": wallet.label},
        next_steps=[NextStep("limits", _("Open the limits"), reverse("billing:limits", args=[wallet.pk]))],
    )


def switch(*, wallet: Wallet, actor: User, rail: str) -> Operation:
    """Ask the worker to let the wallet pay by another rail. Raises Refusal when it cannot be, or not now."""
    if not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready yet."))
    require_possible(wallet.gateway, rail)
    refuse_if_open(wallet)
    words = {"name": wallet.label, "rail": Wallet.Rail(rail).label}
    return queue.submit(
        Request(
            kind=SWITCH,
            title=_("Let %(name)s pay by %(rail)s") % words,
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet", args=[wallet.pk]),
            lane=f"wallet/{wallet.pk}",
            unique_key=f"{SWITCH}/{wallet.pk}",
            args={"rail": str(rail)},
        )
    )
