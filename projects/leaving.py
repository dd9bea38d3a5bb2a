"""The leaver's items of this room: service keys that they looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from audit.selectors import did
from core.registry import LeaverItem
from projects.models import Project
from projects.selectors import current
from teams.models import Membership, User


def of_leaver(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return the projects whose service key the person has seen, or brought. Nobody can take that back."""
    seen = did(viewer.team_id, person.pk, "key.revealed")
    projects = list(current(viewer.reach))
    return [*_seen(projects, seen), *(_brought(one) for one in projects if _did_bring(one, person))]


def _did_bring(project: Project, person: User) -> bool:
    return project.is_adopted and project.created_by_id == person.pk and bool(project.service_key_sealed)


def _brought(project: Project) -> LeaverItem:
    return LeaverItem(
        title=_("They brought the service key of %(project)s") % {"project": project.name},
        detail=_("It was adopted from a file of theirs, and that file still opens the database."),
        icon="key-round",
        kept=True,
    )


def _seen(projects: list[Project], seen: Mapping[str, datetime]) -> list[LeaverItem]:
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
        for project in projects
        if str(project.pk) in seen
    ]
