"""What the palette finds in this room: deploys by project or source, releases by generation or id."""

from __future__ import annotations

from typing import cast

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.registry import Hit
from deploys import selectors
from deploys.models import Deploy, Release
from teams.middleware import PanelRequest
from wallets import gateways

MOST = 5


def search(request: HttpRequest, query: str) -> list[Hit]:
    """Return the newest hits of each sort at the current gateway."""
    member, words = cast(PanelRequest, request), query.strip()
    if not words:
        return []
    gateway = gateways.of(request)
    deploys = selectors.filtered(
        selectors.deploys_of(member.team, gateway), state="", project=None, query=words
    )
    found = Q(project__name__icontains=words) | Q(remote_id__icontains=words)
    if words.isdecimal() and len(words) < 10:
        found |= Q(generation=int(words))
    releases = Release.objects.filter(found, team=member.team, project__gateway=gateway).select_related(
        "project"
    )
    releases = releases.defer("archive", "inventory")
    return [*map(_deploy, deploys[:MOST]), *map(_release, releases[:MOST])]


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
