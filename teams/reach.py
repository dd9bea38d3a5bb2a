"""What a member reaches: the projects and wallets of their team, all of them or chosen ones.

Every read of a page takes a reach and asks it for the condition of its query, so that what is out of reach, or of
another team, is never read at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import IntegerChoices, Q
from django.utils.translation import gettext_lazy as _

from core.prepared import Param


class Level(IntegerChoices):
    """What a member may do with one wallet at most; each level holds those before. The role is asked besides."""

    SEE = 1, _("see it")
    SPEND = 2, _("spend from it")
    MANAGE = 3, _("manage it")
    CUSTODY = 4, _("export, replace and retire it")


@dataclass(frozen=True)
class Shares:
    """What single wallets say about one member. A wallet that says nothing leaves all to the role."""

    #: Reached, although the membership is limited to others.
    shared: frozenset[UUID] = frozenset()
    #: Kept to some people, of whom the member is none.
    kept: frozenset[UUID] = frozenset()
    levels: Mapping[UUID, Level] = field(default_factory=dict)

    def level(self, wallet_id: UUID) -> Level:
        """Return how far the member may go with the wallet."""
        return self.levels.get(wallet_id, Level.CUSTODY)

    def below(self, level: Level) -> frozenset[UUID]:
        """Return the wallets with which the member may not go so far."""
        return frozenset(pk for pk, given in self.levels.items() if given < level)


@dataclass(frozen=True)
class Reach:
    """A team, and of it these projects and wallets. None is all of them, and what a worker reads with.

    `kept` are wallets that are kept from the member although nothing limits the membership. In a prepared statement a
    `Param` stands for the team.
    """

    team_id: UUID | Param
    projects: frozenset[UUID] | None = None
    wallets: frozenset[UUID] | None = None
    kept: frozenset[UUID] = frozenset()

    @property
    def is_whole(self) -> bool:
        """All of the team's projects and wallets are within reach."""
        return self.projects is None and self.wallets is None and not self.kept

    def q(self, *, project: str = "", wallet: str = "") -> Q:
        """Return the condition for rows of the team whose fields of these names hold ids within reach."""
        among = _among(project, self.projects) & _among(wallet, self.wallets)
        return Q(team_id=self.team_id) & among & self._not_kept(wallet)

    def q_or_none(self, *, project: str = "", wallet: str = "") -> Q:
        """Return the same for fields that may be empty: what belongs to no project is kept from nobody."""
        projects = _among(project, self.projects, or_none=True)
        wallets = _among(wallet, self.wallets, or_none=True) & self._not_kept(wallet)
        return Q(team_id=self.team_id) & projects & wallets

    def covers(self, project_id: UUID | None = None, wallet_id: UUID | None = None) -> bool:
        """Say whether everything that is named is within reach."""
        within = _holds(self.projects, project_id) and _holds(self.wallets, wallet_id)
        return within and wallet_id not in self.kept

    def _not_kept(self, field: str) -> Q:
        return ~Q(**{f"{field}__in": self.kept}) if field and self.kept else Q()


def _among(field: str, ids: frozenset[UUID] | None, *, or_none: bool = False) -> Q:
    if ids is None or not field:
        return Q()
    within = Q(**{f"{field}__in": ids})
    return within | Q(**{f"{field}__isnull": True}) if or_none else within


def _holds(ids: frozenset[UUID] | None, one: UUID | None) -> bool:
    return ids is None or one is None or one in ids
