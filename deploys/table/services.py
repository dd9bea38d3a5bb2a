"""A new route table becomes a deploy that carries nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from deploys import selectors, services
from deploys.models import Deploy, Release, Source
from deploys.routing import site_of
from deploys.table.checking import problems_of
from deploys.table.rows import Row
from projects.models import Project
from run402.reading import mapping
from run402.spec import canonical_json, sha256_hex
from teams.models import User


def editable(project: Project) -> Release:
    """Return the live release whose table can be edited.

    Raises Refusal when nothing is live, or when its table was not read yet: a table that nobody saw is not replaced.
    """
    release = selectors.live_release(project)
    if release is None:
        step = NextStep("deploy", _("Deploy something"), f"{reverse('deploys:new')}?project={project.pk}")
        raise Refusal(
            "NOTHING_LIVE", _("Routes belong to a release, and nothing is live yet."), next_steps=[step]
        )
    if not isinstance(mapping(release.inventory, "routes").get("entries"), list):
        sentence = _(
            "The live table was not read from the gateway yet. Wait a moment, then open this page again."
        )
        raise Refusal("TABLE_NOT_READ", sentence)
    return release


def plan_routes(*, project: Project, user: User, rows: Sequence[Row], base: str) -> Deploy:
    """Begin a deploy that replaces the route table, and nothing else; its plan waits for a person as any other.

    `base` is the release whose table the person began from. Raises Refusal when another one is live by now, or the
    table breaks a rule.
    """
    release = editable(project)
    if base != release.remote_id:
        raise _moved(project, release, base)
    if problems_of(rows, site_of(release.inventory)):
        raise Refusal("INVALID_ROUTES", _("Some rows break a rule. Each one says which, and what to do."))
    spec = {"routes": {"replace": [row.document for row in rows]}}
    return services.start_deploy(project=project, user=user, source=_source(project, user, spec))


def _moved(project: Project, release: Release, base: str) -> Refusal:
    number = release.generation if release.generation is not None else release.remote_id
    sentence = _(
        "Generation %(number)s went live since you opened this table, so nothing was planned. "
        "Your rows are kept: compare them with the live table, then plan again."
    )
    known = Release.objects.filter(project=project, remote_id=base).exists()
    compare = f"{reverse('deploys:diff', args=[project.pk])}?from={base}&to=active" if known else ""
    steps = [NextStep("compare", _("See what changed"), compare)] if compare else []
    steps.append(
        NextStep("routes", _("Look at the live table"), reverse("deploys:routes", args=[project.pk]))
    )
    return Refusal("ROUTES_MOVED", sentence % {"number": number}, next_steps=steps)


def _source(project: Project, user: User, spec: dict[str, Any]) -> Source:
    """Return an unsaved source that is a manifest of the routes alone: it can be planned again like any other."""
    kept = {"spec": spec, "takes_tree": False}
    return Source(
        team=project.team,
        created_by=user,
        name=_("Route table"),
        kind=Source.Kind.MANIFEST,
        manifest=kept,
        digest=sha256_hex(canonical_json([{}, kept])),
    )
