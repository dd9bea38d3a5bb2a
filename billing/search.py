"""What the search of the panel finds among wallets."""

from __future__ import annotations

from typing import cast

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from core.registry import Hit
from core.ui import ids
from teams.middleware import PanelRequest
from wallets import gateways
from wallets.selectors import ready_wallets

MOST = 8


def find_wallets(request: HttpRequest, text: str) -> list[Hit]:
    """Return the team's usable wallets at the current gateway whose name or address holds the text."""
    wallets = ready_wallets(cast(PanelRequest, request).membership.reach, gateways.of(request))
    found = wallets.filter(Q(label__icontains=text) | Q(address__icontains=text))[:MOST]
    return [
        Hit(wallet.label, ids.shorten(wallet.address), reverse("billing:wallet", args=[wallet.pk]), "wallet")
        for wallet in found
    ]
