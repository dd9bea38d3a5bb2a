"""The leaver's items of this room: wallets that they own, and keys that they had in their hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import Manager, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.selectors import did
from billing.shares import may_decide
from core.registry import LeaverItem
from teams.models import Membership, User
from teams.permissions import Action, allows, may_with
from wallets.models import Custodian, Wallet, WalletShare
from wallets.selectors import wallets_of

Row = TypeVar("Row", Custodian, WalletShare)


def of_leaver(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return the person's wallets, which can be taken over, and the keys that they imported or exported."""
    wallets = list(wallets_of(viewer.reach))
    imported = did(viewer.team_id, person.pk, "wallet.requested")
    exported = did(viewer.team_id, person.pk, "wallet.exported")
    brought = [one for one in wallets if one.origin == Wallet.Origin.IMPORTED and str(one.pk) in imported]
    return [
        *(_owned(one, viewer) for one in wallets if one.owner_id == person.pk),
        *(_kept(one, viewer) for one in _with(Custodian.objects, wallets, person)),
        *(_shared(one, viewer) for one in _with(WalletShare.objects, wallets, person)),
        *(_brought(one, imported[str(one.pk)]) for one in brought),
        *(_taken(one, exported[str(one.pk)]) for one in wallets if str(one.pk) in exported),
    ]


def _owned(wallet: Wallet, viewer: Membership) -> LeaverItem:
    may = allows(viewer.role, Action.WALLET_MANAGE)
    return LeaverItem(
        title=_("They own the wallet %(name)s") % {"name": wallet.label},
        detail=_(
            "Its page names them as the one to ask. Take it over, so that it names somebody who is here."
        ),
        icon="wallet",
        button=_("Take it over") if may else "",
        url=reverse("billing:wallet_owner", args=[wallet.pk]) if may else "",
    )


def _with(rows: Manager[Row], wallets: Sequence[Wallet], person: User) -> QuerySet[Row]:
    return rows.filter(wallet__in=wallets, user=person).select_related("wallet")


def _kept(one: Custodian, viewer: Membership) -> LeaverItem:
    may = may_decide(viewer, one.wallet)
    return LeaverItem(
        title=_("They keep the key of %(name)s") % {"name": one.wallet.label},
        detail=_("As a custodian they may export, replace and retire it while they are in the team."),
        icon="key-round",
        button=_("End it") if may else "",
        url=reverse("billing:wallet_custodian_end", args=[one.wallet_id, one.user_id]) if may else "",
    )


def _shared(one: WalletShare, viewer: Membership) -> LeaverItem:
    action = Action.WALLET_MANAGE
    may = allows(viewer.role, action) and may_with(viewer, one.wallet_id, action)
    words = {"name": one.wallet.label, "what": one.get_level_display()}
    return LeaverItem(
        title=_("The wallet %(name)s is shared with them") % words,
        detail=_("They may %(what)s while they are in the team, as far as their role lets them.") % words,
        icon="wallet",
        button=_("End the share") if may else "",
        url=reverse("billing:wallet_share_end", args=[one.wallet_id, one.user_id]) if may else "",
    )


def _brought(wallet: Wallet, at: datetime) -> LeaverItem:
    return LeaverItem(
        title=_("They imported the key of %(name)s") % {"name": wallet.label},
        detail=_(
            "On %(day)s. Whoever had it may have it still: move its money and projects to another wallet."
        )
        % {"day": f"{at:%Y-%m-%d}"},
        icon="import",
        kept=True,
    )


def _taken(wallet: Wallet, at: datetime) -> LeaverItem:
    return LeaverItem(
        title=_("They exported the key of %(name)s") % {"name": wallet.label},
        detail=_("On %(day)s. They can sign with it anywhere: move its money and projects to another wallet.")
        % {"day": f"{at:%Y-%m-%d}"},
        icon="download",
        kept=True,
    )
