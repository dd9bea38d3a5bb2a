"""Telling what was paid elsewhere with a key that is kept here: by the rows, so that no worker's death hides it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.happenings import Happening
from core.ui.money import usd
from wallets import outside
from wallets.models import Payment

LOOK_BACK = timedelta(days=30)


def found() -> Iterable[Happening]:
    """Yield what was found lately; what was told of is not told again."""
    recent = Payment.objects.filter(kind=outside.KIND, reserved_at__gte=timezone.now() - LOOK_BACK)
    for payment in recent.select_related("wallet").order_by("-reserved_at")[:1000]:
        yield _happening(payment)


def _happening(payment: Payment) -> Happening:
    facts = {"sum": usd(payment.amount_micros, exact=True), "wallet": payment.wallet.label}
    return Happening(
        "payment.outside",
        object_id=str(payment.pk),
        occurrence="",
        title=_("%(sum)s of %(wallet)s was paid elsewhere") % facts,
        text=_("The panel did not make this payment. It counts against the limits; look who holds the key."),
        url=reverse("billing:payment", args=[payment.pk]),
        team_id=payment.team_id,
        wallet_id=payment.wallet_id,
    )
