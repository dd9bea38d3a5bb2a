"""The page of one project, and the one that makes one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from core.registry import Placed, placed
from operations.models import Operation, State
from projects import selectors
from projects.models import Project
from projects.pages.listing import Usage, host_of
from projects.payers import Payer, payer
from projects.states import UNKNOWN, Standing, standing
from teams.models import Membership
from teams.permissions import Action, allows

SLOT = "project.main"


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
class Keys:
    """What an app needs to talk to the project: the address of its API, and a call with the key that is public."""

    api: str
    snippet: str


@dataclass(frozen=True)
class DetailPage:
    """One project: its mirror, what made it, what was done lately, and who may do what."""

    project: Project
    mirror: Mirror
    making: Operation | None
    looked_up: Operation | None
    panels: tuple[Placed, ...]
    recent: tuple[Operation, ...]
    may_create: bool
    may_refresh: bool
    may_deploy: bool
    may_reveal: bool
    may_delete: bool
    deletion: Operation | None
    keys: Keys

    @property
    def may_import_keys(self) -> bool:
        """This member may bring the keys that the panel lacks."""
        return self.may_create and self.project.lacks_keys

    @property
    def wallet_id(self) -> str:
        """The wallet's id, as an address has it."""
        return str(self.project.wallet_id)

    @property
    def may_adopt_again(self) -> bool:
        """It was to be adopted, or Run402 has one of this name: the CLI's file may hold the keys."""
        return self.may_create and (self.project.is_adopted or bool(self.found))

    @property
    def may_forget(self) -> bool:
        """It is known that there is nothing at Run402 for this row."""
        return self.may_delete and self.project.status != UNKNOWN

    @property
    def outcome_unknown(self) -> bool:
        """The gateway was asked for the project and nobody knows whether it made one."""
        return self.making is not None and self.making.error.get("mutation_state") in ("unknown", "partial")

    @property
    def may_try_again(self) -> bool:
        """Trying again is offered once it is known what the try before it did."""
        return not self.project.is_adopted and (not self.outcome_unknown or self.found is not None)

    @property
    def found(self) -> tuple[str, ...] | None:
        """What the look-up after the failure found; None when nobody looked since."""
        if self.looked_up is None or self.looked_up.state != State.SUCCEEDED or self.making is None:
            return None
        later = self.looked_up.created_at > self.making.created_at
        return tuple(self.looked_up.result.get("found", ())) if later else None


def new_page(payers: tuple[Payer, ...], membership: Membership, steps: tuple[Any, ...] = ()) -> NewPage:
    """Return the page around the form."""
    may_pay = allows(membership.role, Action.TIER_SET)
    return NewPage(payers, may_pay, allows(membership.role, Action.WALLET_MANAGE), steps)


def mirror(
    project: Project,
    refresh: Operation | None,
    last: Operation | None,
    membership: Membership,
    *,
    step: int = 0,
) -> Mirror:
    """Return the part that is read from Run402: `refresh` reads it now, `last` did before. `step` counts the polls."""
    failed = refresh is None and last is not None and last.state == State.FAILED
    return Mirror(
        project=project,
        standing=standing(project),
        host=host_of(project.live_url),
        payer=payer(project.wallet),
        sees_wallet=membership.reach.covers(wallet_id=project.wallet_id),
        calls=Usage(project.api_calls, project.api_calls_limit),
        storage=Usage(project.storage_bytes, project.storage_limit_bytes),
        refresh=refresh,
        failed=last if failed else None,
        url=f"{reverse('projects:mirror', args=[project.pk])}?step={step + 1}",
        delay=_delay(refresh, step),
    )


def _delay(refresh: Operation | None, step: int) -> int:
    """Return the milliseconds until the next poll: quick at first, then once in two seconds."""
    if refresh is None:
        return 0
    return (250, 500, 1000)[step] if step < 3 else 2000


def detail_page(
    project: Project, refresh: Operation | None, doings: selectors.Doings, membership: Membership
) -> DetailPage:
    """Return the whole page of one project; `doings` were read before it, and `refresh` reads it now."""
    deletion = None if project.is_deleted else doings.deletion
    panels = placed(SLOT, project.pk) if project.is_ready or project.is_deleted else ()
    return DetailPage(
        project=project,
        mirror=mirror(project, refresh, doings.refresh, membership),
        making=None if project.is_ready else doings.making,
        looked_up=None if project.is_ready else doings.refresh,
        panels=panels,
        recent=tuple(selectors.recent_operations(project, membership.reach)),
        may_create=selectors.may_work_on(project, membership, Action.PROJECT_CREATE),
        may_refresh=selectors.may_work_on(project, membership, Action.PROJECT_SYNC),
        may_deploy=selectors.may_work_on(project, membership, Action.DEPLOY),
        may_reveal=selectors.may_work_on(project, membership, Action.KEY_REVEAL),
        may_delete=selectors.may_work_on(project, membership, Action.PROJECT_DELETE),
        deletion=deletion if deletion and deletion.state not in (State.SUCCEEDED, State.CANCELLED) else None,
        keys=keys_of(project),
    )


def keys_of(project: Project) -> Keys:
    """Return a call of the REST API (contract: apply 1.1) that a browser can make."""
    api = f"{project.gateway.url}/rest/v1"
    lines = (
        f"const rows = await fetch({json.dumps(api + '/items?select=*&limit=20')}, {{",
        f"  headers: {{ apikey: {json.dumps(project.anon_key)} }},",
        "}).then((answer) => answer.json());",
    )
    return Keys(api, "\n".join(lines) if project.anon_key else "")
