"""Clicks that only read."""

from __future__ import annotations

import deploys.services
import projects.services
from billing import services
from deploys import comparing
from deploys.models import Release
from deploys.xray import asking
from operations.models import Operation
from tests.chaos.cast import Person
from tests.chaos.clicks.registry import (
    click,
    one_of,
    projects_of,
    ready_of,
    wallets_of,
)


@click("gateway.tiers", 1, twice=True)
def read_prices(person: Person) -> Operation:
    return services.refresh_tiers(team=person.team, gateway=person.cast.gateway, actor=person.user)


@click("wallet.balance", 2, twice=True)
def read_balance(person: Person) -> Operation:
    return services.refresh_wallet(wallet=one_of(person, wallets_of(person)), actor=person.user)


@click("project.sync", 3, twice=True)
def read_project(person: Person) -> Operation:
    """Read a project, or look up one whose making left no answer."""
    return projects.services.refresh(project=one_of(person, projects_of(person)), actor=person.user)


@click("releases.sync", 2, twice=True)
def read_releases(person: Person) -> Operation | None:
    return deploys.services.refresh_releases(one_of(person, ready_of(person)))


@click("route.resolve", 2, twice=True)
def xray(person: Person) -> Operation:
    """Ask what the start page of a project would answer; a path of its own each time it is asked anew."""
    project = one_of(person, ready_of(person))
    host = f"{project.name}.localhost"
    asked = asking.question(f"https://{host}/{person.dice.randrange(50)}", "GET", default_host=host)
    return asking.ask(project=project, user=person.user, asked=asked)


@click("releases.diff", 2, twice=True)
def compare(person: Person) -> Operation:
    """Compare nothing with an old release."""
    old = Release.objects.filter(team=person.team).exclude(status="active").select_related("project__gateway")
    release = one_of(person, old)
    return comparing.ask(project=release.project, user=person.user, before="empty", after=release.remote_id)
