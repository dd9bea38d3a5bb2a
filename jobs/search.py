"""What the palette finds in this room: jobs by project, type or id."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.urls import reverse

from core.registry import Hit
from jobs import selectors
from jobs.pages.words import standing_of
from teams.middleware import PanelRequest

MOST = 5


def jobs(request: HttpRequest, query: str) -> list[Hit]:
    """Return the newest jobs that fit, by project, type, id or person, at all gateways, as the list has them."""
    member = cast(PanelRequest, request)
    found = selectors.jobs_of(member.membership.reach)
    narrowed = selectors.filtered(found, status="", project=None, query=query)[:MOST]
    return [
        Hit(
            f"{job.title}, {job.project.name}",
            standing_of(job).word,
            reverse("jobs:detail", args=[job.pk]),
            "cpu",
        )
        for job in narrowed
    ]
