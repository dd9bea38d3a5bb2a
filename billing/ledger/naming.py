"""Names of what payments point to. Who or what is out of reach, or gone, keeps an id and no name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from projects.selectors import projects_of
from teams.models import User
from teams.reach import Reach
from wallets.models import Payment
from wallets.selectors import wallets_of


@dataclass(frozen=True)
class Names:
    """Names by id."""

    projects: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    wallets: dict[str, str] = field(default_factory=dict)

    def of(self, about: str, key: str) -> str:
        """Return the name of one side of a share; a sentence where there is none."""
        if about == "cost":
            return str(Payment.Cost(key).label) if key in Payment.Cost.values else key
        known, none = {
            "project_id": (self.projects, _("No project: tiers and the like")),
            "actor_id": (self.members, _("Nobody of the team")),
            "wallet_id": (self.wallets, ""),
        }[about]
        if not key:
            return none
        return known.get(key, _("Not in your reach, or gone"))


def names(
    reach: Reach, *, projects: Iterable[str] = (), members: Iterable[str] = (), wallets: Iterable[str] = ()
) -> Names:
    """Return the names of these; one query for each kind that is asked for."""
    wanted = [frozenset(filter(None, ids)) for ids in (projects, members, wallets)]
    return Names(
        _named(projects_of(reach).filter(pk__in=wanted[0]).values_list("pk", "name")) if wanted[0] else {},
        {str(user.pk): user.label for user in User.objects.filter(pk__in=wanted[1])} if wanted[1] else {},
        _named(wallets_of(reach).filter(pk__in=wanted[2]).values_list("pk", "label")) if wanted[2] else {},
    )


def _named(rows: Iterable[tuple[UUID, str]]) -> dict[str, str]:
    return {str(pk): name for pk, name in rows}
