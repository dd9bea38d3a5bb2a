"""The history of jobs over all projects, and the panel on a project's page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page

from jobs.models import Job
from jobs.pages.words import Standing, standing_of
from projects.models import Project


@dataclass(frozen=True)
class Row:
    """One job of a list."""

    job: Job
    standing: Standing


@dataclass(frozen=True)
class JobsPage:
    """The history with its filters."""

    jobs: Page[Job]
    projects: list[tuple[str, str]]
    statuses: list[tuple[str, str]]
    status: str
    project: str
    query: str
    may_submit: bool

    @property
    def rows(self) -> list[Row]:
        return rows_of(self.jobs)

    @property
    def is_filtered(self) -> bool:
        return bool(self.status or self.project or self.query)


@dataclass(frozen=True)
class ProjectPanel:
    """The last jobs of a project. `delay` in milliseconds while one is under way."""

    project: Project
    rows: list[Row]
    delay: int | None
    may_submit: bool


def rows_of(jobs: Iterable[Job]) -> list[Row]:
    """Return jobs with where they stand."""
    return [Row(job, standing_of(job)) for job in jobs]
