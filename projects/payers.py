"""Which wallet can have projects: at a gateway with tiers it needs an active one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.utils import timezone
from django.utils.translation import gettext as _

from core.ui import times
from wallets.models import Gateway, Wallet


class Lease(Enum):
    """What the panel knows about a wallet's tier."""

    ACTIVE = "active"
    LAPSED = "lapsed"
    NONE = "none"
    UNREAD = "unread"
    FREE = "free"


@dataclass(frozen=True)
class Payer:
    """A wallet, the state of its tier, and the same as words for a person."""

    wallet: Wallet
    lease: Lease
    words: str

    @property
    def can_have_projects(self) -> bool:
        """The gateway is asked for an answer the panel does not have yet (`UNREAD`)."""
        return self.lease in (Lease.ACTIVE, Lease.UNREAD, Lease.FREE)


def payer(wallet: Wallet) -> Payer:
    """Return the wallet with the state of its tier, from the mirror."""
    lease = _lease(wallet)
    return Payer(wallet, lease, _words(wallet, lease))


def _lease(wallet: Wallet) -> Lease:
    if wallet.gateway.kind == Gateway.Kind.CORE:
        return Lease.FREE
    if wallet.tier_active:
        expired = wallet.lease_expires_at is not None and wallet.lease_expires_at <= timezone.now()
        return Lease.LAPSED if expired else Lease.ACTIVE
    if wallet.tier:
        return Lease.LAPSED
    return Lease.NONE if wallet.tier_at else Lease.UNREAD


def _words(wallet: Wallet, lease: Lease) -> str:
    if lease is Lease.FREE:
        return _("No tier needed: Core is free")
    if lease is Lease.NONE:
        return _("No tier yet")
    if lease is Lease.UNREAD:
        return _("Tier not read yet")
    tier = wallet.tier.capitalize()
    if lease is Lease.LAPSED:
        return _("%(tier)s, lapsed") % {"tier": tier}
    if wallet.lease_expires_at is None:
        return tier
    return _("%(tier)s, ends %(when)s") % {"tier": tier, "when": times.relative(wallet.lease_expires_at)}
