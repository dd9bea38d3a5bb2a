"""What single wallets say about a member: kept from them, shared with them, and how far they may go.

`Membership.shares` asks here, once for each request or piece of work; reach, selectors and the worker go by its answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from teams.models import Membership, Role, Scope
from teams.reach import Level, Shares
from wallets.models import Wallet


@dataclass(frozen=True)
class _Special:
    """A wallet that is kept to some people, shared, or has custodians, seen by one member."""

    owner_id: UUID
    open_to_team: bool
    keepers: frozenset[UUID]
    given: Level | None


def shares_of(membership: Membership) -> Shares:
    """Return what the team's wallets say about one member."""
    granted, me = _granted(membership), membership.user_id
    levels, shared, kept = {}, set(), set()
    for pk, wallet in _special(membership).items():
        within = granted is None or pk in granted
        level = _level(wallet, membership, within=within)
        if level is None:
            kept.add(pk)
            continue
        levels[pk] = level
        if wallet.given is not None or me == wallet.owner_id or me in wallet.keepers:
            shared.add(pk)
    return Shares(frozenset(shared), frozenset(kept), levels)


def _level(wallet: _Special, membership: Membership, *, within: bool) -> Level | None:
    """Return how far the member may go; None when the wallet is kept from them."""
    if membership.user_id in wallet.keepers:
        return Level.CUSTODY
    most = Level.MANAGE if wallet.keepers else Level.CUSTODY
    if membership.role == Role.OWNER or membership.user_id == wallet.owner_id:
        return most
    return most if wallet.open_to_team and within else wallet.given


def _granted(membership: Membership) -> frozenset[UUID] | None:
    """Return the wallets that the membership itself is limited to; None when it is not."""
    if membership.role == Role.OWNER or not membership.wallets_limited:
        return None
    rows = membership.scopes.filter(kind=Scope.Kind.WALLET)
    return frozenset(rows.values_list("object_id", flat=True))


def _special(membership: Membership) -> dict[UUID, _Special]:
    """Return the team's wallets that say anything about anybody, in one query: a row for each custodian and share."""
    found: dict[UUID, _Special] = {}
    for pk, owner, is_open, keeper, is_here, user, level, ends in _rows(membership):
        known = found.get(pk) or _Special(owner, is_open, frozenset(), None)
        keepers = known.keepers | {keeper} if keeper and is_here else known.keepers
        is_given = level and user in (None, membership.user_id) and (ends is None or ends > timezone.now())
        given = max(known.given or level, level) if is_given else known.given
        found[pk] = _Special(owner, is_open, keepers, Level(given) if given else None)
    return found


def _rows(membership: Membership) -> Any:
    """Return wallet, custodian and share side by side. A custodian who left the team keeps nothing from anybody."""
    here = Membership.objects.filter(team=membership.team_id, user=OuterRef("custodians__user"))
    told = Q(open_to_team=False) | Q(custodians__isnull=False) | Q(shares__isnull=False)
    rows = Wallet.objects.filter(told, team=membership.team_id).annotate(is_here=Exists(here)).order_by()
    wallet = ("pk", "owner_id", "open_to_team", "custodians__user_id", "is_here")
    return rows.values_list(*wallet, "shares__user_id", "shares__level", "shares__expires_at")
