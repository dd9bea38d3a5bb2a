"""The record, the ledger, the search and the frame of a limited member."""

from __future__ import annotations

import uuid

import pytest
from django.http import Http404

from audit.models import Event
from audit.record import Actor, Subject, record
from audit.selectors import events_of
from projects.models import Project
from projects.selectors import project_for, projects_of
from projects.services import create_project
from teams.models import Team, User
from teams.record import events_within
from tests.factories import (
    PaymentFactory,
    ProjectFactory,
)
from tests.fixtures import ClientAs
from tests.teams.conftest import limit
from wallets.models import Gateway, Payment, Wallet
from wallets.selectors import wallets_of

SOMEBODY = Actor("", "Somebody")


def _record(team: Team, subject: Subject, actor: Actor = SOMEBODY, **details: str) -> Event:
    return record("operation.succeeded", team_id=team.pk, actor=actor, subject=subject, details=details)


def test_a_limited_member_reads_their_part_of_the_record(bob: User, mine: Project, far: Project) -> None:
    team, here, there = mine.team, str(mine.pk), str(far.pk)
    seen = [
        _record(team, Subject("project", here, "near")),
        _record(team, Subject("operation", "1", "Deploy of near"), project=here),
        _record(team, Subject("wallet", there, "any wallet")),
        _record(team, Subject("team", str(team.pk), "Halden"), bob.actor),
    ]
    _record(team, Subject("project", there, "far"))
    _record(team, Subject("operation", "2", "Deploy of far"), project=there)
    _record(team, Subject("team", str(team.pk), "Halden"))
    found = events_of(team.pk, within=events_within(limit(bob, projects=[mine])))
    assert list(found.order_by("seq")) == seen


def test_an_unlimited_member_reads_the_whole_record(bob: User) -> None:
    assert events_within(bob.memberships.get()) is None


def test_operations_are_recorded_with_what_they_work_on(bob: User, mine: Project) -> None:
    create_project(team=mine.team, actor=bob, wallet=mine.wallet, name="shop")
    event = Event.objects.get(action="operation.requested")
    assert event.details["wallet"] == str(mine.wallet_id)
    assert event.details["project"] == str(Project.objects.get(name="shop").pk)


def test_the_search_finds_nothing_out_of_reach(
    client_as: ClientAs, bob: User, mine: Project, far: Project
) -> None:
    limit(bob, projects=[mine], wallets=[mine.wallet])
    for word, found in (("near", True), ("far", False)):
        text = client_as(bob).get("/search", {"q": word}).content.decode()
        assert ("/projects/" in text.partition("<main")[2] and f"/{mine.pk}" in text) is found
        assert [pk for pk in (far.pk, far.wallet_id) if str(pk) in text] == []


def test_the_frame_shows_the_balance_of_a_wallet_within_reach(
    client_as: ClientAs, bob: User, mine: Project, far: Project
) -> None:
    Wallet.objects.filter(pk=mine.wallet_id).update(balance_micros=1_110_000)
    Wallet.objects.filter(pk=far.wallet_id).update(balance_micros=9_990_000)
    limit(bob, wallets=[far.wallet])
    text = client_as(bob).get("/deploys").content.decode()
    assert ("9.99" in text, "1.11" in text) == (True, False)


def test_the_ledger_adds_up_what_is_within_reach(
    client_as: ClientAs, bob: User, mine: Project, far: Project
) -> None:
    for project, micros in ((mine, 110_000), (far, 990_000)):
        PaymentFactory.create(wallet=project.wallet, state=Payment.State.UNKNOWN, amount_micros=micros)
    limit(bob, wallets=[mine.wallet])
    text = client_as(bob).get("/payments").content.decode()
    assert ("0.11" in text, "0.99" in text) == (True, False)


def test_another_teams_id_in_the_scope_reaches_nothing(bob: User, charlie: User, gateway: Gateway) -> None:
    foreign = ProjectFactory.create(team=charlie.memberships.get().team, created_by=charlie)
    membership = limit(bob, projects=[foreign], wallets=[foreign.wallet])
    assert not projects_of(membership.reach).exists()
    assert not wallets_of(membership.reach).exists()
    with pytest.raises(Http404):
        project_for(membership, uuid.UUID(str(foreign.pk)))
