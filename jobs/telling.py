"""Telling who submitted a job that it has ended: by the rows, so that no worker's death hides it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.happenings import Happening
from core.ui.money import usd
from jobs import selectors
from jobs.models import Job
from jobs.pages.words import standing_of

#: An end that was read longer ago is no news any more.
LATELY, LOOK_BACK = timedelta(days=1), timedelta(days=30)
CANCELLED = "cancelled"


def ended() -> Iterable[Happening]:
    """Yield the jobs whose end was read lately. Who cancelled one knows."""
    now = timezone.now()
    # One that is gone at Run402 was not read when it ended.
    lately = Q(read_at__gte=now - LATELY) | Q(ended_at__gte=now - LATELY)
    found = Job.objects.filter(lately, ended_at__gte=now - LOOK_BACK).exclude(status=CANCELLED)
    rows = found.select_related("project", "operation").defer(*selectors.LARGE)
    for job in rows.order_by("ended_at")[:1000]:
        yield _happening(job)


def _happening(job: Job) -> Happening:
    words = {"word": standing_of(job).word, "job": job.title, "project": job.project.name}
    cost = selectors.told_cost(job)
    text = _("It cost %(cost)s.") % {"cost": usd(cost, exact=True)} if cost is not None else ""
    return Happening(
        "job.ended",
        object_id=str(job.pk),
        occurrence="",
        title=_("%(word)s: %(job)s of %(project)s") % words,
        text=text,
        detail=job.error_message[:300],
        url=reverse("jobs:detail", args=[job.pk]),
        team_id=job.team_id,
        project_id=job.project_id,
        wallet_id=job.wallet_id,
        people=frozenset({job.created_by_id}),
    )
