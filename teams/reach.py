"""What a member reaches: the projects and wallets of their team, all of them or chosen ones.

Every read of a page takes a reach and asks it for the condition of its query, so that what is out of reach, or of
another team, is never read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q


@dataclass(frozen=True)
class Reach:
    """A team, and of it these projects and wallets. None is all of them, and what a worker reads with."""

    team_id: UUID
    projects: frozenset[UUID] | None = None
    wallets: frozenset[UUID] | None = None

    def q(self, *, project: str = "", wallet: str = "") -> Q:
        """Return the condition for rows of the team whose fields of these names hold ids within reach."""
        return Q(team_id=self.team_id) & _among(project, self.projects) & _among(wallet, self.wallets)

    def q_or_none(self, *, project: str = "", wallet: str = "") -> Q:
        """Return the same for fields that may be empty: what belongs to no project is kept from nobody."""
        projects = _among(project, self.projects, or_none=True)
        return Q(team_id=self.team_id) & projects & _among(wallet, self.wallets, or_none=True)

    def covers(self, project_id: UUID | None = None, wallet_id: UUID | None = None) -> bool:
        """Say whether everything that is named is within reach."""
        return _holds(self.projects, project_id) and _holds(self.wallets, wallet_id)


def _among(field: str, ids: frozenset[UUID] | None, *, or_none: bool = False) -> Q:
    if ids is None or not field:
        return Q()
    within = Q(**{f"{field}__in": ids})
    return within | Q(**{f"{field}__isnull": True}) if or_none else within


def _holds(ids: frozenset[UUID] | None, one: UUID | None) -> bool:
    return ids is None or one is None or one in ids
