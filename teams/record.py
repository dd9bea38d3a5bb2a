"""Which entries of the audit record a member may read."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from teams.models import Membership


def events_within(membership: Membership) -> Q | None:
    """Return the condition for the entries that a limited member reads; None when they read all.

    Their own, and those that name a project or wallet, none of them out of reach. What names neither, such as a change
    to the team, is for unlimited members; these read all but what names a wallet that is kept from them.
    """
    reach, own = membership.reach, Q(actor_id=str(membership.user_id))
    if not membership.is_limited:
        return own | ~_about("wallet", reach.kept) if reach.kept else None
    named = _names("project") | _names("wallet")
    within = _unnamed_or_among("project", reach.projects) & _unnamed_or_among("wallet", reach.wallets)
    if reach.kept:
        within &= ~_about("wallet", reach.kept)
    return own | (named & within)


def _unnamed_or_among(kind: str, ids: Iterable[UUID] | None) -> Q:
    if ids is None:
        return Q()
    return ~_names(kind) | _about(kind, ids)


def _about(kind: str, ids: Iterable[UUID]) -> Q:
    known = [str(pk) for pk in ids]
    # Asked for the key first: without it the value is NULL, and so would be the negation.
    named = Q(details__has_key=kind) & Q(**{f"details__{kind}__in": known})
    return Q(object_type=kind, object_id__in=known) | named


def _names(kind: str) -> Q:
    return Q(object_type=kind) | Q(details__has_key=kind)
