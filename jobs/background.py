"""Which jobs are followed while nobody looks, and which reservations outlive the operation that made them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from jobs import selectors, services
from jobs.models import Job
from operations.background import tried_within
from operations.models import ACTIVE, Operation
from wallets import halts
from wallets.models import Gateway

AGAIN = timedelta(minutes=1)


def plan_jobs(gateway: Gateway, most: int) -> int:
    """Have jobs followed that nothing follows, since what did so failed; return how many."""
    following = Operation.objects.filter(
        team_id=OuterRef("team_id"), subject_id=OuterRef("pk"), kind=selectors.FOLLOW, state__in=ACTIVE
    )
    due = selectors.unsettled().filter(project__gateway=gateway)
    due = due.exclude(Exists(following)).exclude(team__in=halts.stopped_teams())
    due = due.exclude(pk__in=tried_within(selectors.FOLLOW, AGAIN))
    found = due.select_related("team", "project__gateway", "wallet").order_by("read_at")[:most]
    return len([services.follow(job) for job in found])


def reserved_still() -> QuerySet[Job, UUID | None]:
    """Return the operations whose reservation stands until their job has ended: they ended when it was submitted."""
    return Job.objects.exclude(remote_id="").exclude(operation=None).values_list("operation_id", flat=True)
