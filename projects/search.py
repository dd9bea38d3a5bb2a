"""What the search of the panel finds among projects."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.urls import reverse

from core.registry import Hit
from projects.pages import host_of
from projects.selectors import matching
from projects.states import standing
from teams.middleware import PanelRequest
from wallets import gateways

MOST = 8


def find_projects(request: HttpRequest, text: str) -> list[Hit]:
    """Return the team's projects at the current gateway that hold the text."""
    reach = cast(PanelRequest, request).membership.reach
    found = matching(reach, gateways.of(request), text)[:MOST]
    return [
        Hit(
            project.name,
            host_of(project.live_url) or standing(project).word,
            reverse("projects:detail", args=[project.pk]),
            "box",
        )
        for project in found
    ]
