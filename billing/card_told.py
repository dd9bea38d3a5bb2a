"""Telling that a payment by card arrived: whoever asked for its page may have closed it long ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.happenings import Happening
from core.ui.money import usd
from operations.models import Operation
from wallets import cards
from wallets.models import Checkout

LATELY = timedelta(days=1)


def arrived() -> Iterable[Happening]:
    """Yield what was paid lately. Where nobody is known who asked, those hear of it who may pay for tiers."""
    paid = Checkout.objects.filter(state=Checkout.State.PAID, ended_at__gte=timezone.now() - LATELY)
    found = list(paid.select_related("wallet").order_by("ended_at")[:1000])
    rows = Operation.objects.filter(pk__in=[one.operation_id for one in found if one.operation_id])
    askers = dict(rows.exclude(actor=None).values_list("pk", "actor_id"))
    for checkout in found:
        asker = askers.get(checkout.operation_id) if checkout.operation_id else None
        yield Happening(
            "payment.card",
            object_id=str(checkout.pk),
            occurrence="",
            title=_("Paid: %(what)s") % {"what": cards.purpose_of(checkout)},
            text=_text(checkout),
            url=reverse("billing:checkout", args=[checkout.pk]),
            team_id=checkout.team_id,
            wallet_id=checkout.wallet_id,
            people=frozenset({asker}) if asker else None,
        )


def _text(checkout: Checkout) -> str:
    words = {"wallet": checkout.wallet.label, "sum": usd(checkout.paid_micros or 0, exact=True)}
    if checkout.paid_micros is None:
        return _("Run402 shows it for %(wallet)s.") % words
    return _("%(sum)s arrived at Run402 for %(wallet)s.") % words
