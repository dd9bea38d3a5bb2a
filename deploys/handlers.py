"""The kinds of operation of this room. The doing stands in `deploys.pipeline` and `deploys.syncing`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from deploys import comparing, pipeline, syncing
from deploys.pipeline.committing import let_go, what_is_approved
from deploys.xray import asking
from operations.registry import DEPLOYS, SYNC, kind
from operations.work import Work
from teams.permissions import Action


@kind(
    "deploy",
    _("Deploy"),
    action=Action.DEPLOY,
    queue=DEPLOYS,
    on_end=let_go,
    reconcile=pipeline.what_became_of_it,
    pays=True,
    approves=what_is_approved,
)
def deploy(work: Work) -> dict[str, Any]:
    """Plan, ask, upload, commit, follow."""
    return pipeline.deploy(work)


@kind(
    "redeploy",
    _("Redeploy"),
    action=Action.DEPLOY,
    queue=DEPLOYS,
    on_end=let_go,
    reconcile=pipeline.what_became_of_it,
    pays=True,
    approves=what_is_approved,
)
def redeploy(work: Work) -> dict[str, Any]:
    """Bring a release back; asks only when a warning blocks."""
    return pipeline.redeploy(work)


@kind(
    "releases.sync", _("Read releases"), action=Action.PROJECT_SYNC, queue=SYNC, mutates=False, audited=False
)
def sync_releases(work: Work) -> dict[str, Any]:
    """Mirror what is live and what was released, here or elsewhere."""
    return syncing.releases(work)


@kind(asking.KIND, _("X-ray of an address"), action=Action.PROJECT_SYNC, mutates=False, audited=False)
def resolve_route(work: Work) -> dict[str, Any]:
    """Ask what a URL and a method would get, without sending a request to the site."""
    return asking.resolve(work)


@kind(comparing.KIND, _("Compare releases"), action=Action.PROJECT_SYNC, mutates=False, audited=False)
def compare_releases(work: Work) -> dict[str, Any]:
    """Read what differs between two releases."""
    return comparing.compare(work)
