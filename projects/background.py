"""Which projects are read again while nobody asks for it."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from operations.background import spread, tried_within, vary
from projects import selectors, services
from projects.models import Project
from wallets import halts
from wallets.models import Gateway

#: A project that somebody had open lately is read more often than the others.
OPEN, OPENED, HOURLY = timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1)


def plan_projects(gateway: Gateway, most: int) -> int:
    """Have projects read, the open ones first; return how many."""
    opened = Project.objects.filter(opened_at__gte=timezone.now() - OPENED)
    found = list(_due(opened, gateway, OPEN)[:most])
    others = _due(Project.objects.all(), gateway, HOURLY).exclude(pk__in=[project.pk for project in found])
    found += others[: most - len(found)]
    return len([services.refresh(project=project, delay=spread()) for project in found])


def _due(projects: QuerySet[Project], gateway: Gateway, interval: timedelta) -> QuerySet[Project]:
    interval = vary(interval)
    stale = Q(synced_at=None) | Q(synced_at__lt=timezone.now() - interval)
    found = projects.filter(stale, gateway=gateway, state=Project.State.READY)
    found = found.exclude(team__in=halts.stopped_teams())
    tried = tried_within(selectors.SYNC, interval)
    return found.exclude(pk__in=tried).select_related("team", "gateway", "wallet").order_by("synced_at")
