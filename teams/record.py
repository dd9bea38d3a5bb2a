"""Which entries of the audit record a member may read."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from teams.models import Membership


def events_within(membership: Membership) -> Q | None:
    """Return the condition for the entries that a limited member reads; None when they read all.

    Their own, and those that name a project or wallet, none of them out of reach. What names neither, such as a change
    to the team, is for unlimited members.
    """
    if not membership.is_limited:
        return None
    reach = membership.reach
    named = _names("project") | _names("wallet")
    within = _unnamed_or_among("project", reach.projects) & _unnamed_or_among("wallet", reach.wallets)
    return Q(actor_id=str(membership.user_id)) | (named & within)


def _unnamed_or_among(kind: str, ids: Iterable[UUID] | None) -> Q:
    if ids is None:
        return Q()
    known = [str(pk) for pk in ids]
    among = Q(object_type=kind, object_id__in=known) | Q(**{f"details__{kind}__in": known})
    return ~_names(kind) | among


def _names(kind: str) -> Q:
    return Q(object_type=kind) | Q(details__has_key=kind)
