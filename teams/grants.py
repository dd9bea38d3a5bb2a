"""Which projects and wallets a membership, or an invitation to one, grants: as a value to show, compare and write.

What a page may read is decided by `teams.reach`; this is what people decide about each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from teams.models import Invitation, Membership, Scope

Ids = frozenset[UUID] | None


@dataclass(frozen=True)
class Grant:
    """The ids of what is reached; None is everything, also what is made later."""

    projects: Ids = None
    wallets: Ids = None

    @classmethod
    def of(cls, membership: Membership) -> Grant:
        """Return what a member reaches. Owners reach everything."""
        if not membership.is_limited:
            return EVERYTHING
        scopes = list(membership.scopes.all())
        return cls(
            _ids(scopes, Scope.Kind.PROJECT) if membership.projects_limited else None,
            _ids(scopes, Scope.Kind.WALLET) if membership.wallets_limited else None,
        )

    @classmethod
    def of_invitation(cls, invitation: Invitation) -> Grant:
        """Return what the membership will reach."""
        return cls(_parsed(invitation.project_ids), _parsed(invitation.wallet_ids))

    def covers(self, other: Grant) -> bool:
        """Say whether everything that the other one reaches is reached here."""
        return _covers(self.projects, other.projects) and _covers(self.wallets, other.wallets)

    @property
    def project_words(self) -> str:
        """“all projects”, “3 projects”."""
        if self.projects is None:
            return _("all projects")
        count = len(self.projects)
        return ngettext("%(n)s project", "%(n)s projects", count) % {"n": count or _("no")}

    @property
    def wallet_words(self) -> str:
        """“all wallets”, “1 wallet”."""
        if self.wallets is None:
            return _("all wallets")
        count = len(self.wallets)
        return ngettext("%(n)s wallet", "%(n)s wallets", count) % {"n": count or _("no")}

    def ids_of(self, kind: str) -> Ids:
        """Return what is reached of one kind of scope."""
        return self.projects if kind == Scope.Kind.PROJECT else self.wallets


EVERYTHING = Grant()


def as_json(ids: Ids) -> list[str] | None:
    """Return ids as an invitation keeps them."""
    return None if ids is None else sorted(str(one) for one in ids)


def write(membership: Membership, reach: Grant) -> None:
    """Replace what the member reaches."""
    membership.projects_limited, membership.wallets_limited = (
        reach.projects is not None,
        reach.wallets is not None,
    )
    membership.save(update_fields=["projects_limited", "wallets_limited"])
    membership.scopes.all().delete()
    pairs = [(kind, one) for kind in Scope.Kind for one in reach.ids_of(kind) or ()]
    Scope.objects.bulk_create(Scope(membership=membership, kind=kind, object_id=one) for kind, one in pairs)


def _ids(scopes: Iterable[Scope], kind: Scope.Kind) -> Ids:
    return frozenset(scope.object_id for scope in scopes if scope.kind == kind)


def _parsed(ids: list[str] | None) -> Ids:
    return None if ids is None else frozenset(UUID(one) for one in ids)


def _covers(mine: Ids, other: Ids) -> bool:
    return mine is None or (other is not None and other <= mine)
