"""What of a project requires secrets by name: the live release, as far as the panel made it, and plans under way.

Run402 lists no release's `secrets.require` (contract: apply 3.2). What was deployed here names it; a release whose spec
is silent about secrets keeps those of the one before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from core.registry import SecretNeed
from deploys.models import Deploy, Release
from operations.models import ACTIVE
from projects.models import Project
from teams.models import Membership

MOST_PLANS = 3
MISSING = "MISSING_REQUIRED_SECRET"
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def of_projects(projects: Sequence[Project], membership: Membership) -> Mapping[UUID, list[SecretNeed]]:
    """Return what the live release requires, then what plans under way do; these need the wallet in reach."""
    found: dict[UUID, list[SecretNeed]] = defaultdict(list)
    for pk, release, said, unsure in _live([one for one in projects if one.live_release]):
        found[pk].append(_live_need(pk, release, said, unsure=unsure))
    for pk, need in _plans([one for one in projects if membership.reach.covers(wallet_id=one.wallet_id)]):
        if need.names and sum(not one.live for one in found[pk]) < MOST_PLANS:
            found[pk].append(need)
    return found


def _live(projects: Sequence[Project]) -> QuerySet[Project, Any]:
    """Return project, live release, what the newest spec up to it requires, and whether more may be required."""
    own = {"project": OuterRef("pk")}
    live = Release.objects.filter(**own, remote_id=OuterRef("live_release"))
    said = Deploy.objects.filter(
        **own, release__created_at__lte=OuterRef("live_made"), spec__secrets__require__isnull=False
    ).order_by("-release__created_at")
    elsewhere = Release.objects.filter(
        **own,
        made_here=False,
        created_at__lte=OuterRef("live_made"),
        created_at__gt=Coalesce(OuterRef("said_at"), Value(_BEFORE_ALL)),
    )
    rows = Project.objects.filter(pk__in=[one.pk for one in projects]).annotate(
        live_pk=Subquery(live.values("pk")[:1]),
        live_made=Subquery(live.values("created_at")[:1]),
        said=Subquery(said.values("spec__secrets__require")[:1]),
        said_at=Subquery(said.values("release__created_at")[:1]),
        unsure=Exists(elsewhere),
    )
    return rows.exclude(live_pk=None).values_list("pk", "live_pk", "said", "unsure")


def _live_need(project_id: UUID, release_id: UUID, said: object, *, unsure: bool) -> SecretNeed:
    why = _(
        "A release made elsewhere is behind what is live. Run402 does not tell what it requires, so it may be more than"
        " is shown here."
    )
    return SecretNeed(
        label=_("Live release"),
        names=tuple(_texts(said)),
        url=reverse("deploys:release", args=[project_id, release_id]),
        live=True,
        unsure=why if unsure else "",
    )


def _plans(projects: Sequence[Project]) -> Iterator[tuple[UUID, SecretNeed]]:
    """Yield what plans under way require, newest first."""
    found = Deploy.objects.filter(project__in=projects, operation__state__in=ACTIVE).order_by("-created_at")
    fields = ("project_id", "pk", "source__name", "spec__secrets__require", "reviewed_plan__warnings")
    for project_id, *row in found.values_list(*fields):
        yield project_id, _plan(*row)


def _plan(pk: object, source: str | None, required: object, warnings: object) -> SecretNeed:
    label = _("Plan of %(source)s") % {"source": source} if source else _("Plan of a redeploy")
    names = dict.fromkeys([*_texts(required), *_missing(warnings)])
    return SecretNeed(label=label, names=tuple(names), url=reverse("deploys:detail", args=[pk]))


def _missing(warnings: object) -> Iterable[str]:
    """Return the names that the gateway itself missed when it planned."""
    for warning in warnings if isinstance(warnings, list) else []:
        if isinstance(warning, dict) and warning.get("code") == MISSING:
            yield from _texts(warning.get("affected"))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []
