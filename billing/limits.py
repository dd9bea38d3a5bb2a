"""Raising what a wallet may spend: asked here, confirmed with a passkey, written by the worker."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.services import NewLimits
from core.ui.money import usd
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from wallets.models import SpendPolicy, Wallet

RAISE = "wallet.raise"


def is_raise(policy: SpendPolicy, asked: NewLimits) -> bool:
    """Say whether one of the limits would be above what it is."""
    return (
        asked.per_payment_micros > policy.per_payment_micros or asked.per_day_micros > policy.per_day_micros
    )


def raise_limits(*, wallet: Wallet, policy: SpendPolicy, actor: User, limits: NewLimits) -> Operation:
    """Ask for higher limits, from what they are now. It waits until its asker has confirmed it with a passkey."""
    now = {"now_per_payment_micros": policy.per_payment_micros, "now_per_day_micros": policy.per_day_micros}
    return queue.submit(
        Request(
            kind=RAISE,
            title=_("Raise the limits of %(name)s") % {"name": wallet.label},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet", args=[wallet.pk]),
            lane=f"wallet/{wallet.pk}",
            args={**limits.as_args(), **now},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what a raise will do."""
    return [
        *about(operation),
        (_("Each payment"), _change(operation, "per_payment_micros")),
        (_("Per day"), _change(operation, "per_day_micros")),
    ]


def about(operation: Operation) -> list[tuple[str, str]]:
    """Return which wallet an operation is about, in words."""
    wallet = operation.wallet
    if wallet is None:
        return []
    place = wallet.gateway.name
    return [(_("Wallet"), wallet.label), (_("Address"), wallet.address), (_("Signs for"), place)]


def _change(operation: Operation, name: str) -> str:
    now, then = operation.args.get(f"now_{name}", 0), operation.args.get(name, 0)
    words = _("from %(now)s to %(then)s") if now != then else _("stays at %(then)s")
    return words % {"now": usd(now, exact=True), "then": usd(then, exact=True)}
