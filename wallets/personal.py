"""What this room holds about a person: wallets they own, keep or were given, and what they stopped or let go again."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from teams.models import User
from teams.reach import Level
from wallets.models import Custodian, Freeze, Halt, Payee, Payment, Unfreezing, Wallet, WalletShare


def held(user: User) -> list[dict[str, Any]]:
    """Return the wallets that the person owns, keeps or was given, without any key, and what they stopped."""
    owned = Wallet.objects.filter(owner=user).select_related("team").order_by("created_at")
    return [*_kept(user), *_shared(user), *_stopped(user)] + [
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


def _kept(user: User) -> list[dict[str, Any]]:
    rows = Custodian.objects.filter(user=user).select_related("wallet__team")
    return [{**_named(one.wallet), "custodian_since": one.at.isoformat()} for one in rows]


def _shared(user: User) -> list[dict[str, Any]]:
    rows = WalletShare.objects.filter(user=user).select_related("wallet__team")
    return [
        {
            **_named(one.wallet),
            "shared_since": one.at.isoformat(),
            "until": one.expires_at.isoformat() if one.expires_at else None,
            "level": Level(one.level).name.lower(),
        }
        for one in rows
    ]


def _stopped(user: User) -> list[dict[str, Any]]:
    """Return what the person halted or froze, and their words for letting a wallet go again."""
    halts = Halt.objects.filter(by_id=str(user.pk)).select_related("team").order_by("at")
    freezes = Freeze.objects.filter(by_id=str(user.pk)).select_related("wallet__team").order_by("at")
    words = Unfreezing.objects.filter(by_id=str(user.pk)).select_related("freeze__wallet__team")
    return [
        *(
            {"team": one.team.name if one.team else None, "gateway": one.gateway_id, **_why(one)}
            for one in halts
        ),
        *({**_named(one.wallet), **_why(one)} for one in freezes),
        *(
            {**_named(one.freeze.wallet), "unfreezing_since": one.at.isoformat()}
            for one in words.order_by("at")
        ),
    ]


def _why(stop: Halt | Freeze) -> dict[str, str]:
    return {"stopped_at": stop.at.isoformat(), "why": stop.why}


def _named(wallet: Wallet) -> dict[str, str]:
    return {"team": wallet.team.name, "name": wallet.label}


def forget(user: User) -> None:
    """Take the person's name off what they exported, stopped, froze or decided; the facts stay."""
    nobody = _("Erased person")
    Wallet.objects.filter(exported_by=user.label).update(exported_by=nobody)
    Wallet.objects.filter(retired_by=user.label).update(retired_by=nobody)
    Payment.objects.filter(decided_by=user.label).update(decided_by=nobody)
    Payee.objects.filter(confirmed_by=user.label).update(confirmed_by=nobody)
    Custodian.objects.filter(user=user).delete()
    WalletShare.objects.filter(user=user).delete()
    for rows in (Custodian.objects, WalletShare.objects):
        rows.filter(by_label=user.label).update(by_label=nobody)
    _leave_stops(user, nobody)


def _leave_stops(user: User, nobody: str) -> None:
    for rows in (Halt.objects, Freeze.objects):
        rows.filter(by_id=str(user.pk)).update(by_label=nobody)
        rows.filter(lifted_by_label=user.label).update(lifted_by_label=nobody)
    Unfreezing.objects.filter(by_id=str(user.pk)).update(by_label=nobody)
    Unfreezing.objects.filter(stopped_by_label=user.label).update(stopped_by_label=nobody)
