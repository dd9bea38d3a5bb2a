"""The list of projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.ui.figures import percent
from projects import narrowing, selectors
from projects.models import Project
from projects.narrowing import ListForm, Narrowing
from projects.states import Standing, standing
from teams.models import Membership
from teams.permissions import Action, allows

PER_PAGE = 25
#: A lease that ends within this time is marked.
SOON = timedelta(days=3)


@dataclass(frozen=True)
class Usage:
    """A figure with its limit; the limit is None when the gateway did not say it."""

    used: int | None
    limit: int | None

    @property
    def share(self) -> float:
        """Percent of the limit."""
        return percent(self.used or 0, self.limit or 0)


@dataclass(frozen=True)
class Row:
    """One project in a list. `sees_wallet`: the wallet that has it is within reach as well."""

    project: Project
    standing: Standing
    host: str
    sees_wallet: bool
    may_deploy: bool
    calls: Usage
    storage: Usage
    lease_tone: str

    @classmethod
    def of(cls, project: Project, membership: Membership) -> Row:
        """Return the row of a project as a member sees it."""
        return cls(
            project,
            standing(project),
            host_of(project.live_url),
            sees_wallet=membership.reach.covers(wallet_id=project.wallet_id),
            may_deploy=project.takes_deploys and selectors.may_work_on(project, membership, Action.DEPLOY),
            calls=Usage(project.api_calls, project.api_calls_limit),
            storage=Usage(project.storage_bytes, project.storage_limit_bytes),
            lease_tone=_tone(project),
        )


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the list without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class ListPage:
    """The projects of one page of the list, and what it was narrowed to."""

    rows: tuple[Row, ...]
    pages: Page[Project]
    chosen: Narrowing
    chips: tuple[Chip, ...]
    may_create: bool


def host_of(url: str) -> str:
    """Return host and port of an address, as people recognise it."""
    return url.partition("://")[2].strip("/")


def list_page(form: ListForm, *, number: str, membership: Membership) -> ListPage:
    """Return one page of what fits the filters."""
    chosen = form.narrowing()
    page = Paginator(narrowing.found(membership.reach, chosen), PER_PAGE).get_page(number)
    return ListPage(
        rows=tuple(Row.of(project, membership) for project in page),
        pages=page,
        chosen=chosen,
        chips=tuple(_chips(form, chosen)),
        may_create=allows(membership.role, Action.PROJECT_CREATE),
    )


def _chips(form: ListForm, chosen: Narrowing) -> list[Chip]:
    every = chosen.chosen()
    found = []
    for name, value in every.items():
        rest = urlencode({other: said for other, said in every.items() if other != name})
        label = _("Search") if name == "q" else str(form.fields[name].label)
        found.append(Chip(label, form.said(name, value), f"{reverse('projects:list')}?{rest}".rstrip("?")))
    return found


def _tone(project: Project) -> str:
    """Return the kind of status that the end of the lease deserves; nothing while it is far."""
    ends = project.lease_expires_at
    if ends is None or ends > timezone.now() + SOON:
        return ""
    return "bad" if ends <= timezone.now() else "warn"
