"""What this room holds about a person: the wallets they own."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from teams.models import User
from wallets.models import Freeze, Unfreezing, Wallet


def held(user: User) -> list[dict[str, Any]]:
    """Return the wallets that the person owns, without any key."""
    owned = Wallet.objects.filter(owner=user).select_related("team").order_by("created_at")
    return [
        {
            "team": one.team.name,
            "name": one.label,
            "address": one.address,
            "gateway": one.gateway_id,
            "origin": one.origin,
            "since": one.created_at.isoformat(),
        }
        for one in owned
    ]


def forget(user: User) -> None:
    """Take the person's name off the wallets whose key they exported and off what they froze; the facts stay."""
    nobody = _("Erased person")
    Wallet.objects.filter(exported_by=user.label).update(exported_by=nobody)
    Freeze.objects.filter(by_id=str(user.pk)).update(by_label=nobody)
    Freeze.objects.filter(lifted_by_label=user.label).update(lifted_by_label=nobody)
    Unfreezing.objects.filter(by_id=str(user.pk)).update(by_label=nobody)
    Unfreezing.objects.filter(stopped_by_label=user.label).update(stopped_by_label=nobody)
