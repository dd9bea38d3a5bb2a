"""What the search of the panel finds among projects, and among the names of their secrets."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.urls import reverse

from core.registry import Hit
from projects.pages import host_of
from projects.secrets.selectors import found_secrets, secrets_url
from projects.selectors import matching
from projects.states import standing
from teams.middleware import PanelRequest

MOST = 8


def find_projects(request: HttpRequest, text: str) -> list[Hit]:
    """Return the team's projects that hold the text, at all gateways, as their list has them."""
    reach = cast(PanelRequest, request).membership.reach
    found = matching(reach, text)[:MOST]
    return [
        Hit(
            project.name,
            host_of(project.live_url) or standing(project).word,
            reverse("projects:detail", args=[project.pk]),
            "box",
        )
        for project in found
    ]


def find_secrets(request: HttpRequest, text: str) -> list[Hit]:
    """Return the secrets of projects within reach, at all gateways, whose name holds the text."""
    reach = cast(PanelRequest, request).membership.reach
    found = found_secrets(reach, text)[:MOST]
    return [
        Hit(secret.key, secret.project.name, secrets_url(secret.project), "key-round") for secret in found
    ]
