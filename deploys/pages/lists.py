"""The list of deploys, and the panel on a project's page."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page

from deploys.models import Deploy
from projects.models import Project


@dataclass(frozen=True)
class ProjectChoice:
    """A project to filter by."""

    value: str
    label: str


@dataclass(frozen=True)
class DeploysPage:
    """The list with its filters."""

    deploys: Page[Deploy]
    projects: list[ProjectChoice]
    states: list[tuple[str, str]]
    state: str
    project: str
    query: str
    may_deploy: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.state or self.project or self.query)


@dataclass(frozen=True)
class ProjectPanel:
    """What a project's page says of its releases and deploys. `delay` in milliseconds while one is under way."""

    project: Project
    deploys: list[Deploy]
    delay: int | None
    may_deploy: bool
