"""Who may use one wallet, as its page and the page on which it is shared show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing import shares
from teams import selectors as team_selectors
from teams.models import Membership
from teams.permissions import Action, allows
from wallets.models import Custodian, Wallet, WalletShare


@dataclass(frozen=True)
class Line:
    """One line of “Who may use it”: who, as what, until when, and where that is ended."""

    label: str
    words: str
    until: datetime | None = None
    is_over: bool = False
    end_url: str = ""


@dataclass(frozen=True)
class SharingPage:
    """One wallet: who may use it, and who could."""

    wallet: Wallet
    lines: tuple[Line, ...]
    others: list[Membership]
    able: list[Membership]
    may_decide: bool
    is_owner: bool

    @property
    def name(self) -> dict[str, Any]:
        """What the form of the name begins with."""
        return {"label": self.wallet.label}


def sharing_page(wallet: Wallet, membership: Membership) -> SharingPage:
    """Return the page."""
    members = list(team_selectors.members_of(membership.team).prefetch_related(None))
    return SharingPage(
        wallet=wallet,
        lines=lines_of(wallet, may_end=True, may_decide=shares.may_decide(membership, wallet)),
        others=[one for one in members if one.user_id != wallet.owner_id],
        able=[one for one in members if allows(one.role, Action.WALLET_RETIRE)],
        may_decide=shares.may_decide(membership, wallet),
        is_owner=wallet.owner_id == membership.user_id,
    )


def lines_of(wallet: Wallet, *, may_end: bool = False, may_decide: bool = False) -> tuple[Line, ...]:
    """Return who may use the wallet: its owner, its custodians, the team, and whom it is shared with."""
    kept = Custodian.objects.filter(wallet=wallet).select_related("user")
    given = WalletShare.objects.filter(wallet=wallet).select_related("user")
    everybody = [Line(_("The team"), _("by role"))] if wallet.open_to_team else []
    return (
        Line(wallet.owner.label, _("Owner")),
        *(_custodian(wallet, one, may_decide) for one in kept),
        *everybody,
        *(_shared(wallet, one, may_end) for one in given),
    )


def _custodian(wallet: Wallet, one: Custodian, may_end: bool) -> Line:
    url = reverse("billing:wallet_custodian_end", args=[wallet.pk, one.user_id]) if may_end else ""
    return Line(one.user.label, _("Custodian"), end_url=url)


def _shared(wallet: Wallet, one: WalletShare, may_end: bool) -> Line:
    url = reverse("billing:wallet_share_team_end", args=[wallet.pk])
    if one.user is not None:
        url = reverse("billing:wallet_share_end", args=[wallet.pk, one.user_id])
    label = one.user.label if one.user else _("The whole team")
    return Line(label, one.get_level_display(), one.expires_at, one.is_over, url if may_end else "")
