"""What the pages of projects show, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse

from core.registry import panels_in
from core.ui.figures import percent
from operations.models import Operation, State
from projects import selectors
from projects.models import Project
from projects.payers import Payer, payer
from projects.states import Standing, standing
from teams.models import Membership
from teams.permissions import Action, allows

PER_PAGE = 25
SLOT = "project.main"


@dataclass(frozen=True)
class Row:
    """One project in a list. `sees_wallet`: the wallet that has it is within reach as well."""

    project: Project
    standing: Standing
    host: str
    sees_wallet: bool
    may_deploy: bool

    @classmethod
    def of(cls, project: Project, membership: Membership) -> Row:
        """Return the row of a project as a member sees it."""
        return cls(
            project,
            standing(project),
            host_of(project.live_url),
            sees_wallet=membership.reach.covers(wallet_id=project.wallet_id),
            may_deploy=project.is_ready and selectors.may_work_on(project, membership, Action.DEPLOY),
        )


@dataclass(frozen=True)
class ListPage:
    """The projects of one page of the list, and what was searched for."""

    rows: tuple[Row, ...]
    pages: Page[Project]
    text: str
    may_create: bool


@dataclass(frozen=True)
class NewPage:
    """The wallets that could have the new project, and the steps out when none can."""

    payers: tuple[Payer, ...]
    may_pay: bool
    may_make_wallets: bool
    steps: tuple[Any, ...] = ()

    @property
    def someone_can(self) -> bool:
        """At least one wallet can have projects."""
        return any(payer.can_have_projects for payer in self.payers)


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
class Mirror:
    """The part of a project's page that is read from Run402, and the refresh that is under way."""

    project: Project
    standing: Standing
    host: str
    payer: Payer
    sees_wallet: bool
    calls: Usage
    storage: Usage
    refresh: Operation | None
    failed: Operation | None
    url: str
    delay: int


@dataclass(frozen=True)
class DetailPage:
    """One project: its mirror, what made it, what was done lately, and who may do what."""

    project: Project
    mirror: Mirror
    making: Operation | None
    looked_up: Operation | None
    panels: tuple[str, ...]
    recent: tuple[Operation, ...]
    may_create: bool
    may_refresh: bool
    may_deploy: bool
    may_reveal: bool

    @property
    def outcome_unknown(self) -> bool:
        """The gateway was asked for the project and nobody knows whether it made one."""
        return self.making is not None and self.making.error.get("mutation_state") in ("unknown", "partial")

    @property
    def may_try_again(self) -> bool:
        """Trying again is offered once it is known what the try before it did."""
        return not self.outcome_unknown or self.found is not None

    @property
    def found(self) -> tuple[str, ...] | None:
        """What the look-up after the failure found; None when nobody looked since."""
        if self.looked_up is None or self.looked_up.state != State.SUCCEEDED or self.making is None:
            return None
        later = self.looked_up.created_at > self.making.created_at
        return tuple(self.looked_up.result.get("found", ())) if later else None


def host_of(url: str) -> str:
    """Return host and port of an address, as people recognise it."""
    return url.partition("://")[2].strip("/")


def list_page(found: QuerySet[Project], *, number: str, text: str, membership: Membership) -> ListPage:
    """Return one page of a team's projects."""
    page = Paginator(found, PER_PAGE).get_page(number)
    return ListPage(
        rows=tuple(Row.of(project, membership) for project in page),
        pages=page,
        text=text,
        may_create=allows(membership.role, Action.PROJECT_CREATE),
    )


def new_page(payers: tuple[Payer, ...], membership: Membership, steps: tuple[Any, ...] = ()) -> NewPage:
    """Return the page around the form."""
    may_pay = allows(membership.role, Action.TIER_SET)
    return NewPage(payers, may_pay, allows(membership.role, Action.WALLET_MANAGE), steps)


def mirror(project: Project, refresh: Operation | None, membership: Membership, *, step: int = 0) -> Mirror:
    """Return the part that is read from Run402; `step` counts the polls for it so far."""
    last = None if refresh else selectors.last_refresh(project)
    return Mirror(
        project=project,
        standing=standing(project),
        host=host_of(project.live_url),
        payer=payer(project.wallet),
        sees_wallet=membership.reach.covers(wallet_id=project.wallet_id),
        calls=Usage(project.api_calls, project.api_calls_limit),
        storage=Usage(project.storage_bytes, project.storage_limit_bytes),
        refresh=refresh,
        failed=last if last and last.state == State.FAILED else None,
        url=f"{reverse('projects:mirror', args=[project.pk])}?step={step + 1}",
        delay=_delay(refresh, step),
    )


def _delay(refresh: Operation | None, step: int) -> int:
    """Return the milliseconds until the next poll: quick at first, then once in two seconds."""
    if refresh is None:
        return 0
    return (250, 500, 1000)[step] if step < 3 else 2000


def detail_page(project: Project, refresh: Operation | None, membership: Membership) -> DetailPage:
    """Return the whole page of one project."""
    making = None if project.is_ready else selectors.making(project)
    if project.state == Project.State.PROVISIONING and making is not None and making.is_final:
        project.refresh_from_db()  # it was made, or failed, between the two reads; nothing would reload the page
    panels = panels_in(SLOT) if project.is_ready else []
    return DetailPage(
        project=project,
        mirror=mirror(project, refresh, membership),
        making=None if project.is_ready else making,
        looked_up=None if project.is_ready else selectors.last_refresh(project),
        panels=tuple(reverse(panel.url_name, args=[project.pk]) for panel in panels),
        recent=tuple(selectors.recent_operations(project, membership.reach)),
        may_create=selectors.may_work_on(project, membership, Action.PROJECT_CREATE),
        may_refresh=selectors.may_work_on(project, membership, Action.PROJECT_SYNC),
        may_deploy=selectors.may_work_on(project, membership, Action.DEPLOY),
        may_reveal=selectors.may_work_on(project, membership, Action.KEY_REVEAL),
    )
