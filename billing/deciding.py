"""A payment of which the chain has told nothing for a day: an owner says what became of it, with passkey and note."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.limits import about
from core.errors import Refusal
from core.ui.money import network_name, usd
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from wallets.models import Payment

DECIDE = "payment.decide"
#: How long the chain is asked before a person may decide.
PATIENCE = timedelta(hours=24)


def require_undecided(payment: Payment, now: datetime) -> None:
    """Raise Refusal unless the payment's outcome has been unknown for so long that a person may decide."""
    if payment.state != Payment.State.UNKNOWN:
        raise Refusal("PAYMENT_KNOWN", _("What became of this payment is known by now. Nothing was changed."))
    if payment.reserved_at > now - PATIENCE:
        raise Refusal(
            "PAYMENT_YOUNG",
            _("The chain may still tell. An owner can decide 24 hours after the payment began."),
        )


def decidable_from(payment: Payment) -> datetime:
    """Return from when on an owner may decide."""
    return payment.reserved_at + PATIENCE


def decide(*, payment: Payment, actor: User, paid: bool, note: str) -> Operation:
    """Ask to close the payment as paid or not paid. It waits for the asker's passkey."""
    require_undecided(payment, timezone.now())
    wallet = payment.wallet
    return queue.submit(
        Request(
            kind=DECIDE,
            title=_("Decide about the payment “%(purpose)s”") % {"purpose": payment.purpose},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=payment.pk,
            subject_url=reverse("billing:payment", args=[payment.pk]),
            args={"payment": str(payment.pk), "paid": paid, "note": note},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what the decision does."""
    payment = Payment.objects.filter(team=operation.team_id, pk=operation.args["payment"]).first()
    if payment is None:
        return about(operation)
    counts = _("as paid: it keeps counting against the limits")
    free = _("as not paid: the sum is free again, and another payment may be signed")
    return [
        *about(operation),
        (_("Payment"), f"{payment.purpose}, {usd(payment.amount_micros, exact=True)}"),
        (_("Network"), network_name(payment.network)),
        (_("Nonce"), payment.nonce),
        (_("Is closed"), counts if operation.args["paid"] else free),
        (_("Because"), str(operation.args["note"])),
    ]
