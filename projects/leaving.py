"""The leaver's items of this room: service keys that they looked at."""

from __future__ import annotations

from django.utils.translation import gettext as _

from audit.selectors import did
from core.registry import LeaverItem
from projects.selectors import projects_of
from teams.models import Membership, User


def of_leaver(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return the projects whose service key the person has seen. Nobody can take that back."""
    seen = did(viewer.team_id, person.pk, "key.revealed")
    return [
        LeaverItem(
            title=_("They know the service key of %(project)s") % {"project": project.name},
            detail=_(
                "Shown to them on %(day)s. It opens the database until Run402 gives the project another one."
            )
            % {"day": f"{seen[str(project.pk)]:%Y-%m-%d}"},
            icon="key-round",
            kept=True,
        )
        for project in projects_of(viewer.reach)
        if str(project.pk) in seen
    ]
