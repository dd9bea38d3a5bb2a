"""What this room holds about a person: the wallets they own, and their name on what they stopped."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from teams.models import User
from wallets.models import Halt, Payee, Payment, Wallet


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
    """Take the person's name off wallets whose key they exported, and off what they stopped or decided; facts stay."""
    nobody = _("Erased person")
    Wallet.objects.filter(exported_by=user.label).update(exported_by=nobody)
    Payment.objects.filter(decided_by=user.label).update(decided_by=nobody)
    Payee.objects.filter(confirmed_by=user.label).update(confirmed_by=nobody)
    Halt.objects.filter(by_id=str(user.pk)).update(by_label=nobody)
    Halt.objects.filter(lifted_by_label=user.label).update(lifted_by_label=nobody)
