"""What the palette finds in this room: deploys by project or source, releases by generation or id."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.registry import Hit
from deploys import selectors
from deploys.models import Deploy, Release
from teams.middleware import PanelRequest
from wallets import gateways

MOST = 5


def deploys(request: HttpRequest, query: str) -> list[Hit]:
    """Return the newest deploys that fit, by project, source or person."""
    member = cast(PanelRequest, request)
    found = selectors.deploys_of(member.membership.reach, gateways.of(request))
    return [
        _deploy(deploy) for deploy in selectors.filtered(found, state="", project=None, query=query)[:MOST]
    ]


def releases(request: HttpRequest, query: str) -> list[Hit]:
    """Return the newest releases that fit, by project, id or generation."""
    member = cast(PanelRequest, request)
    found = selectors.found_releases(member.membership.reach, gateways.of(request), query)
    return [_release(release) for release in found[:MOST]]


def _deploy(deploy: Deploy) -> Hit:
    state = deploy.operation.get_state_display() if deploy.operation else ""
    label = _("Deploy of %(project)s") % {"project": deploy.project.name}
    source = deploy.source.name if deploy.source else _("Redeploy")
    return Hit(label, f"{source}, {state}", reverse("deploys:detail", args=[deploy.pk]), "rocket")


def _release(release: Release) -> Hit:
    number = release.generation if release.generation is not None else release.remote_id
    label = _("%(project)s, generation %(number)s") % {"project": release.project.name, "number": number}
    state = _("live") if release.is_live else release.status
    return Hit(label, state, reverse("deploys:release", args=[release.project_id, release.pk]), "history")
