"""Limited members: what they reach, what they make, and that everybody is asked again."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from billing.selectors import payment_for, payments_of
from billing.services import NewLimits, make_wallet
from core.errors import Refusal
from deploys.selectors import deploy_for, deploys_of, found_releases, ready_projects, release_for
from operations import queue
from operations.models import Operation, State
from operations.selectors import operation_for, operations_of
from projects.models import Project
from projects.selectors import may_work_on, project_for, projects_of
from projects.services import create_project, refresh
from teams.models import Membership, Role, Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from teams.reach import Reach
from tests.factories import (
    DeployFactory,
    OperationFactory,
    PaymentFactory,
    ReleaseFactory,
)
from tests.fixtures import ClientAs, RunOperations
from tests.teams.conftest import limit
from wallets.models import Gateway
from wallets.selectors import wallet_for, wallets_of

# --- Reading it ---


def test_an_unlimited_membership_reaches_its_team_without_a_query(bob: User) -> None:
    membership = bob.memberships.select_related("team").get()
    with CaptureQueriesContext(connection) as captured:
        assert membership.reach == Reach(membership.team_id)
    assert len(captured) == 0


def test_a_limited_one_is_read_once(bob: User, mine: Project) -> None:
    membership = limit(bob, projects=[mine])
    with CaptureQueriesContext(connection) as captured:
        assert membership.reach == membership.reach == Reach(membership.team_id, frozenset({mine.pk}))
    assert len(captured) == 1


def test_projects_and_wallets_are_limited_each_for_itself(bob: User, mine: Project, far: Project) -> None:
    reach = limit(bob, wallets=[mine.wallet]).reach
    assert set(projects_of(reach)) == {mine, far}
    assert list(wallets_of(reach)) == [mine.wallet]


def test_an_owner_reaches_everything_whatever_the_row_says(alice: User, mine: Project, far: Project) -> None:
    assert set(projects_of(limit(alice, projects=[], wallets=[]).reach)) == {mine, far}


def test_what_is_out_of_reach_is_in_no_list(bob: User, mine: Project, far: Project) -> None:
    for project in (mine, far):
        DeployFactory.create(project=project)
        ReleaseFactory.create(project=project)
        PaymentFactory.create(wallet=project.wallet)
        OperationFactory.create(team=project.team, project_id=project.pk, wallet=project.wallet)
    reach = limit(bob, projects=[mine], wallets=[mine.wallet]).reach
    assert list(projects_of(reach)) == [mine]
    assert list(ready_projects(reach, mine.gateway)) == [mine]
    assert list(wallets_of(reach)) == [mine.wallet]
    assert {payment.wallet for payment in payments_of(reach)} == {mine.wallet}
    assert {deploy.project for deploy in deploys_of(reach)} == {mine}
    assert {release.project for release in found_releases(reach, mine.gateway, "rel_")} == {mine}
    assert {one.project_id for one in operations_of(reach) if one.project_id} == {mine.pk}


def test_an_operation_needs_its_project_and_its_wallet(bob: User, mine: Project) -> None:
    operation = OperationFactory.create(team=mine.team, project_id=mine.pk, wallet=mine.wallet)
    nobodys = OperationFactory.create(team=mine.team)
    assert set(operations_of(limit(bob, projects=[mine]).reach)) == {operation, nobodys}
    assert set(operations_of(limit(bob, projects=[mine], wallets=[]).reach)) == {nobodys}
    assert set(operations_of(limit(bob, projects=[]).reach)) == {nobodys}


# --- One thing ---


def test_a_thing_out_of_reach_is_not_there_before_it_is_forbidden(dora: User, far: Project) -> None:
    membership = limit(dora, projects=[], wallets=[])
    deploy, release = DeployFactory.create(project=far), ReleaseFactory.create(project=far)
    payment = PaymentFactory.create(wallet=far.wallet)
    operation = OperationFactory.create(team=far.team, project_id=far.pk)
    with pytest.raises(Http404):
        project_for(membership, far.pk, Action.DEPLOY)
    with pytest.raises(Http404):
        wallet_for(membership, far.wallet.pk, Action.WALLET_MANAGE)
    with pytest.raises(Http404):
        payment_for(membership, payment.pk, Action.TIER_SET)
    with pytest.raises(Http404):
        deploy_for(membership, deploy.pk, Action.DEPLOY)
    with pytest.raises(Http404):
        release_for(membership, far.pk, release.pk, Action.DEPLOY)
    with pytest.raises(Http404):
        operation_for(membership, operation.pk)


def test_a_role_without_the_right_reads_who_has_it(dora: User, mine: Project) -> None:
    with pytest.raises(PermissionDenied, match="Owner, Admin or Developer"):
        project_for(dora.memberships.get(), mine.pk, Action.DEPLOY)
    with pytest.raises(PermissionDenied, match="Owner, Admin or Billing"):
        wallet_for(dora.memberships.get(), mine.wallet.pk, Action.WALLET_MANAGE)


def test_work_on_a_project_needs_its_wallet_too(bob: User, mine: Project) -> None:
    membership = limit(bob, projects=[mine], wallets=[])
    assert project_for(membership, mine.pk) == mine
    assert not may_work_on(mine, membership, Action.DEPLOY)
    with pytest.raises(PermissionDenied, match="Owner or Admin can add it"):
        project_for(membership, mine.pk, Action.DEPLOY)


# --- Making something ---


def test_who_makes_a_project_reaches_it(bob: User, mine: Project) -> None:
    limit(bob, projects=[], wallets=[mine.wallet])
    made = create_project(team=mine.team, actor=bob, wallet=mine.wallet, name="shop")
    assert list(projects_of(bob.memberships.get().reach)) == [made]


def test_who_makes_a_wallet_reaches_it(team: Team, bob: User, gateway: Gateway) -> None:
    limit(bob, wallets=[])
    Membership.objects.filter(user=bob).update(role=Role.BILLING)
    wallet = make_wallet(team=team, actor=bob, gateway=gateway, label="Own", limits=NewLimits(1, 1))
    assert list(wallets_of(bob.memberships.get().reach)) == [wallet]


def test_a_wallet_out_of_reach_makes_no_project(bob: User, far: Project) -> None:
    limit(bob, wallets=[])
    with pytest.raises(NotAllowed):
        create_project(team=far.team, actor=bob, wallet=far.wallet, name="shop")
    assert list(Project.objects.all()) == [far]


def test_only_wallets_within_reach_are_offered(
    client_as: ClientAs, bob: User, mine: Project, far: Project
) -> None:
    limit(bob, wallets=[mine.wallet])
    text = client_as(bob).get("/projects/new").content.decode()
    assert ("Near" in text, "Far" in text) == (True, False)
    answer = client_as(bob).post("/projects/new", {"name": "shop", "wallet": str(far.wallet.pk)})
    assert (answer.status_code, Project.objects.count()) == (422, 2)


# --- Asked again ---


def test_services_ask_again(bob: User, mine: Project) -> None:
    limit(bob, projects=[])
    with pytest.raises(Refusal, match="what your membership reaches"):
        refresh(project=mine, actor=bob)
    assert not Operation.objects.exists()


def test_a_service_that_nobody_asked_before_answers_403() -> None:
    assert issubclass(NotAllowed, PermissionDenied)


@pytest.mark.parametrize(
    ("project", "wallet", "allowed"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_still_allowed_asks_for_both(
    bob: User, mine: Project, project: bool, wallet: bool, allowed: bool
) -> None:
    limit(bob, projects=[mine] if project else [], wallets=[mine.wallet] if wallet else [])
    asked = {"project_id": mine.pk, "wallet_id": mine.wallet_id}
    assert still_allowed(bob, mine.team, Action.DEPLOY, **asked) is allowed


def test_the_worker_asks_again_before_it_acts(
    bob: User, mine: Project, run_operations: RunOperations
) -> None:
    operation = refresh(project=mine, actor=bob)
    limit(bob, projects=[])
    run_operations()
    operation.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "NOT_ALLOWED")
    assert "what they reach" in operation.error["message"]
    assert not operation.requests.exists()


def test_deciding_and_cancelling_ask_again(bob: User, mine: Project) -> None:
    operation = OperationFactory.create(
        team=mine.team, kind="deploy", project_id=mine.pk, wallet=mine.wallet, state=State.WAITING
    )
    limit(bob, projects=[])
    with pytest.raises(NotAllowed):
        queue.decide(operation, actor=bob, checkpoints={"confirmed": True}, message="Yes")
    with pytest.raises(NotAllowed):
        queue.cancel(operation, actor=bob)
    operation.refresh_from_db()
    assert (operation.state, operation.checkpoints) == (State.WAITING, {})


def test_a_viewer_who_calls_the_service_cancels_nothing(dora: User, mine: Project) -> None:
    operation = OperationFactory.create(team=mine.team, kind="deploy", project_id=mine.pk)
    with pytest.raises(NotAllowed):
        queue.cancel(operation, actor=dora)
