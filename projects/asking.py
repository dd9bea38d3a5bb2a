"""What every operation on a project has to say: whose it is, who pays, and where its page is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse

from operations import queue
from projects.models import Project
from teams.models import User


def request(
    project: Project,
    kind: str,
    title: str,
    *,
    actor: User | None,
    url: str = "",
    lane: str = "",
    once: bool = False,
    about: str = "",
    args: Mapping[str, Any] | None = None,
    delay: timedelta = timedelta(0),
) -> queue.Request:
    """Return the request for an operation on the project; its page is the project's unless `url` names another one.

    `once`: while one of this kind is active for the project (and for what it is `about`), asking again returns it.
    """
    return queue.Request(
        kind=kind,
        title=title[:200],
        team=project.team,
        gateway=project.gateway,
        actor=actor,
        wallet=project.wallet,
        project_id=project.pk,
        subject_id=project.pk,
        subject_url=url or reverse("projects:detail", args=[project.pk]),
        lane=lane,
        unique_key="/".join(filter(None, (kind, str(project.pk), about))) if once else "",
        args=args or {},
        delay=delay,
    )
