"""What the frame of every page says is the same whether its query was built before or for one member."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from home import around
from home.around import Around, Payer
from notifications.models import Notice
from operations import pulse
from operations.models import State
from projects.models import Project
from teams.models import Membership, Role, Team, User
from tests.factories import OperationFactory, ProjectFactory, WalletFactory
from tests.teams.conftest import limit
from wallets import halts
from wallets.models import Gateway

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]  # the database makes JSON of rows


def project(team: Team, owner: User, gateway: Gateway, name: str, micros: int | None = None) -> Project:
    wallet = WalletFactory.create(
        team=team, gateway=gateway, owner=owner, label=name.capitalize(), balance_micros=micros
    )
    made: Project = ProjectFactory.create(team=team, wallet=wallet, created_by=owner, name=name)
    return made


@pytest.fixture
def near(team: Team, alice: User, gateway: Gateway) -> Project:
    return project(team, alice, gateway, "near", 5)


@pytest.fixture
def far(team: Team, alice: User, gateway: Gateway) -> Project:
    return project(team, alice, gateway, "far")


def of(user: User) -> Membership:
    return user.memberships.select_related("team", "user").get()


def put_in_line(project: Project, state: State, gateway: Gateway) -> None:
    about = {"project_id": project.pk, "wallet": project.wallet, "gateway": gateway, "team": project.team}
    OperationFactory.create(queue="deploys", state=state, **about)


def tell(user: User, project: Project) -> None:
    Notice.objects.create(
        person=user,
        event="deploy.live",
        title="Live",
        team=project.team,
        project_id=project.pk,
        object_id=str(project.pk),
    )


def test_nothing_is_around_a_new_team(alice: User, gateway: Gateway) -> None:
    assert around.read(of(alice), gateway) == Around(True, 0, None, 0, 0, None)


def test_whoever_was_taken_out_of_the_team_meanwhile_is_told_nothing(
    alice: User, bob: User, near: Project, gateway: Gateway
) -> None:
    limit(bob, projects=[near], wallets=[near.wallet])
    members = [of(alice), of(bob)]
    members[1].reach  # noqa: B018 - read while the membership is there
    Membership.objects.all().delete()
    nothing = Around(False, 0, None, 0, 0, None)
    assert [around.read(member, gateway) for member in members] == [nothing, nothing]


def test_whoever_reaches_all_is_told_of_all_and_a_limited_member_of_what_they_reach(
    alice: User, bob: User, charlie: User, near: Project, far: Project, gateway: Gateway
) -> None:
    pulse.beat_once("here")
    for one in (near, far):
        for state in (State.WAITING, State.RUNNING, State.QUEUED, State.QUEUED, State.SUCCEEDED):
            put_in_line(one, state, gateway)
        tell(alice, one)
        tell(bob, one)
    payer = Payer(near.wallet_id, "Near", 5)
    everything = Around(False, 2, None, 2, 6, payer)
    assert [around.read(of(who), gateway) for who in (alice, bob)] == [everything, everything]
    limit(bob, projects=[near], wallets=[near.wallet])
    assert around.read(of(bob), gateway) == Around(False, 1, None, 1, 3, payer)
    limit(bob, projects=[far], wallets=[far.wallet])
    assert around.read(of(bob), gateway) == Around(False, 1, None, 1, 3, Payer(far.wallet_id, "Far", None))
    limit(bob, projects=[], wallets=[])
    assert around.read(of(bob), gateway) == Around(False, 0, None, 0, 0, None)
    assert around.read(of(charlie), gateway) == Around(False, 0, None, 0, 0, None)


def test_the_widest_stop_is_told_to_everybody_it_concerns(
    alice: User, bob: User, charlie: User, near: Project, gateway: Gateway
) -> None:
    halts.stop(actor=alice.actor, why="One team", team=near.team)
    limit(bob, projects=[near], wallets=[near.wallet])
    for who in (alice, bob):
        halt = around.read(of(who), gateway).halt
        assert halt is not None
        assert (halt.scope, halt.why, str(halt.team)) == ("team", "One team", "Halden")
    assert around.read(of(charlie), gateway).halt is None
    halts.stop(actor=alice.actor, why="Everything")
    told = [around.read(of(who), gateway).halt for who in (alice, bob, charlie)]
    assert [halt and halt.why for halt in told] == ["Everything"] * 3


def test_what_is_read_before_every_page_takes_four_queries(
    alice: User, near: Project, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert of(alice).role == Role.OWNER
    client.force_login(alice)
    client.get("/nowhere")
    with django_assert_num_queries(4):  # session and person, memberships and teams, gateways, the frame
        client.get("/nowhere")
