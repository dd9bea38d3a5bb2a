"""Stopping and resuming on the pages: who may, what is said before and after, and the banner around every page."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from audit.record import SYSTEM
from operations import halting, runner
from operations.models import Operation, OperationEvent, State
from operations.registry import INTERACTIVE
from operations.work import Work
from teams.models import Role, Team, User
from teams.permissions import NotAllowed
from tests.factories import (
    DeployFactory,
    GatewayFactory,
    MembershipFactory,
    OperationFactory,
    PaymentFactory,
    ProjectFactory,
    UserFactory,
    WalletFactory,
)
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind, make_kind
from wallets import halts
from wallets.models import Gateway, Halt, Payment

pytestmark = pytest.mark.django_db
__all__ = ["make_kind"]

WHY = {"why": "A key leaked"}


@pytest.fixture
def operator(team: Team) -> User:
    """Somebody who operates the instance and only looks at the team."""
    user: User = UserFactory.create(name="Otto", is_operator=True)
    MembershipFactory.create(team=team, user=user, role=Role.VIEWER)
    return user


def html(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return response.content.decode()


def stopped_by_alice(alice: User, team: Team) -> Halt:
    return halting.stop(user=alice, why="A key leaked", team=team)


# --- The team ---


def test_an_owner_reads_what_it_does_stops_with_a_reason_and_resumes(
    alice: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    assert "Nothing is stopped" in html(browser, "/stops")
    assert "Stop Halden" in html(browser, "/stops/new")
    assert browser.post("/stops/new", WHY).headers["Location"] == "/stops"
    halt = Halt.objects.get()
    page = html(browser, "/stops")
    assert f"Stopped by Alice on {halt.at:%-d %b, %H:%M} UTC: A key leaked." in page
    assert browser.post("/stops/lift").headers["Location"] == "/stops"
    halt.refresh_from_db()
    assert halt.lifted_by_label == "Alice"
    assert "Resumed. What was held up goes on." in html(browser, "/stops")
    actions = Event.objects.filter(chain__key=str(team.pk)).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["halt.made", "halt.lifted"]


def test_without_a_reason_nothing_is_stopped(alice: User, gateway: Gateway, client_as: ClientAs) -> None:
    response = client_as(alice).post("/stops/new", {"why": " "})
    assert (response.status_code, Halt.objects.count()) == (200, 0)
    assert "This field is required." in response.content.decode()


def test_what_is_stopped_already_is_said_in_the_form(
    alice: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    stopped_by_alice(alice, team)
    assert "This is stopped already." in client_as(alice).post("/stops/new", WHY).content.decode()
    assert Halt.objects.count() == 1


def test_lifting_what_somebody_lifted_meanwhile_says_so(
    alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    response = client_as(alice).post("/stops/lift", follow=True)
    assert "There is nothing to resume: it was lifted already." in response.content.decode()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.BILLING, Role.VIEWER])
def test_other_roles_see_it_and_cannot_stop_or_resume(
    role: Role, alice: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    user: User = UserFactory.create()
    MembershipFactory.create(team=team, user=user, role=role)
    halt, browser = stopped_by_alice(alice, team), client_as(user)
    page = html(browser, "/stops")
    assert "A key leaked" in page
    assert "Owners and admins can resume it." in page
    assert "/stops/lift" not in page
    assert browser.get("/stops/new").status_code == 403
    assert browser.post("/stops/lift").status_code == 403
    with pytest.raises(NotAllowed):
        halting.resume(user=user, halt=halt)
    with pytest.raises(NotAllowed):
        halting.stop(user=user, why="x", team=team)


def test_an_admin_may_both(team: Team, gateway: Gateway, client_as: ClientAs) -> None:
    admin: User = UserFactory.create(name="Ada")
    MembershipFactory.create(team=team, user=admin, role=Role.ADMIN)
    browser = client_as(admin)
    browser.post("/stops/new", WHY)
    assert Halt.objects.get().is_active
    browser.post("/stops/lift")
    assert not Halt.objects.get().is_active


def test_another_teams_stop_is_nobody_elses_business(
    alice: User, team: Team, charlie: User, gateway: Gateway, client_as: ClientAs
) -> None:
    halt = stopped_by_alice(alice, team)
    browser = client_as(charlie)
    assert "A key leaked" not in html(browser, "/stops")
    browser.post("/stops/lift")
    halt.refresh_from_db()
    assert halt.is_active
    with pytest.raises(NotAllowed):
        halting.resume(user=charlie, halt=halt)


# --- What is held up, and what was signed ---


def test_the_page_shows_what_is_held_up_and_what_was_signed(
    alice: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    OperationFactory.create(team=team, actor=alice, title="Deploy of shop", wallet=wallet)
    OperationFactory.create(team=team, actor=alice, title="Being done", state=State.RUNNING)
    OperationFactory.create(team=team, actor=alice, title="Ask me", state=State.WAITING, reason="approval")
    OperationFactory.create(team=team, actor=alice, title="Long ago", state=State.SUCCEEDED)
    OperationFactory.create(team=team, actor=alice, title="Look it up", kind="payment.reconcile")
    OperationFactory.create(title="Somebody else's")
    until = int(time.time()) + 300
    for state, purpose, valid in (
        ("signed", "Tier hobby", until),
        ("unknown", "Tier pro", until - 600),
        ("settled", "Tier old", until),
        ("reserved", "Tier new", None),
    ):
        PaymentFactory.create(wallet=wallet, state=state, purpose=purpose, valid_before=valid)
    stopped_by_alice(alice, team)
    page = html(client_as(alice), "/stops")
    for shown in ("Deploy of shop", "Being done", "Ask me", "Tier hobby", "Tier pro", "Look up a payment"):
        assert shown in page
    for hidden in ("Long ago", "Look it up", "Somebody else", "Tier old", "Tier new"):
        assert hidden not in page
    at = datetime.fromtimestamp(until, tz=UTC)
    assert f"It can still settle until {at:%-d %b %Y, %H:%M:%S} UTC" in page
    assert page.count("It can settle no more.") == 1


def test_a_limited_member_reads_what_they_reach(
    alice: User, team: Team, gateway: Gateway, client_as: ClientAs
) -> None:
    near, far = (ProjectFactory.create(team=team, name=name) for name in ("near", "far"))
    limited: User = UserFactory.create()
    member = MembershipFactory.create(team=team, user=limited, role=Role.DEVELOPER, projects_limited=True)
    member.scopes.create(kind="project", object_id=near.pk)
    for project in (near, far):
        OperationFactory.create(
            team=team, actor=alice, title=f"Deploy of {project.name}", project_id=project.pk
        )
    stopped_by_alice(alice, team)
    page = html(client_as(limited), "/stops")
    assert ("Deploy of near" in page, "Deploy of far" in page) == (True, False)


def test_a_queued_operation_says_at_once_that_it_is_stopped_and_goes_on_when_resumed(
    alice: User, team: Team, gateway: Gateway, client_as: ClientAs, make_kind: MakeKind
) -> None:
    halt, browser = stopped_by_alice(alice, team), client_as(alice)
    operation = OperationFactory.create(team=team, actor=alice, kind=make_kind(lambda work: {}))
    url = reverse("operations:detail", args=[operation.pk])
    assert (
        browser.get(url).content.decode().count(halts.said(halt)) == 2
    )  # the banner, and the operation itself
    assert runner.run_due(INTERACTIVE) == 0
    browser.post("/stops/lift")
    assert runner.run_due(INTERACTIVE) == 1
    operation.refresh_from_db()
    assert operation.state == State.SUCCEEDED


def test_a_deploy_in_line_says_that_it_is_stopped_within_its_queries(
    alice: User,
    team: Team,
    gateway: Gateway,
    client_as: ClientAs,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    deploy = DeployFactory.create(project=ProjectFactory.create(team=team))
    halt, browser = stopped_by_alice(alice, team), client_as(alice)
    with django_assert_max_num_queries(12):
        page = html(browser, f"/deploys/{deploy.pk}")
    assert f"{halts.said(halt)} It goes on from here when it is resumed. Nothing is lost." in page


def test_one_that_had_begun_is_told_that_it_was_resumed(
    alice: User, team: Team, gateway: Gateway, make_kind: MakeKind
) -> None:
    made: list[Halt] = []

    def steps(work: Work) -> dict[str, int]:
        if not made:
            work.checkpoint(first=True)
            made.append(stopped_by_alice(alice, team))
            work.stop_if_cancelled()
        return {}

    operation: Operation = OperationFactory.create(team=team, actor=alice, kind=make_kind(steps))
    never: Operation = OperationFactory.create(team=team, actor=alice, kind=operation.kind)
    runner.run_due(INTERACTIVE)
    halting.resume(user=alice, halt=made[0])
    told = OperationEvent.objects.filter(operation=operation).order_by("seq").values_list("type", "message")
    assert list(told) == [("held", halts.said(made[0])), ("resumed", "Resumed by Alice")]
    assert not never.events.exists()


# --- The instance ---


def test_an_operator_stops_a_gateway_and_everything_and_resumes(
    operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    browser = client_as(operator)
    assert 'href="/instance/stops/new?gateway=sandbox"' in html(browser, "/instance")
    assert "Stop Sandbox" in html(browser, "/instance/stops/new?gateway=sandbox")
    browser.post("/instance/stops/new?gateway=sandbox", WHY)
    assert "Stop everything" in html(browser, "/instance/stops/new")
    assert browser.post("/instance/stops/new", WHY).headers["Location"] == "/instance/stops"
    everything, sandbox = halts.active()
    assert (everything.scope, sandbox.gateway) == ("everything", gateway)
    page = html(browser, "/instance/stops")
    assert page.count("Everything is stopped.") >= 1
    for halt in (everything, sandbox):
        browser.post("/instance/stops/lift", {"halt": halt.pk})
    assert not halts.active().exists()


def test_operators_read_figures_and_no_team_s_titles(
    operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    OperationFactory.create(title="Secret plans", kind="deploy")
    PaymentFactory.create(state="signed", purpose="Secret tier", valid_before=int(time.time()) + 300)
    halts.stop(actor=operator.actor, why="Moving")
    page = html(client_as(operator), "/instance/stops")
    assert "<dt>Deploy</dt><dd>1</dd>" in page
    assert "A payment" in page
    assert "Secret" not in page


def test_only_operators_stop_and_resume_what_is_not_a_team_s(
    alice: User, team: Team, operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    halt = halts.stop(actor=operator.actor, why="Moving", gateway=gateway)
    assert browser.post("/instance/stops/lift", {"halt": halt.pk}).status_code == 403
    assert browser.get("/instance/stops").status_code == 403
    for refused in (lambda: halting.resume(user=alice, halt=halt), lambda: halting.stop(user=alice, why="x")):
        with pytest.raises(NotAllowed):
            refused()
    page = html(browser, "/stops")
    assert "Sandbox is stopped." in page
    assert "Operators of this instance can resume it." in page


def test_an_operator_cannot_lift_a_team_s_stop_and_odd_ids_find_nothing(
    alice: User, team: Team, operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    halt, browser = stopped_by_alice(alice, team), client_as(operator)
    for odd in (halt.pk, "x", ""):
        response = browser.post("/instance/stops/lift", {"halt": odd}, follow=True)
        assert "There is nothing to resume" in response.content.decode()
    halt.refresh_from_db()
    assert halt.is_active
    assert browser.get("/instance/stops/new?gateway=nowhere").status_code == 404
    with pytest.raises(NotAllowed):
        halting.resume(user=operator, halt=halt)


# --- The banner ---


def test_every_page_says_it_and_leads_on_whoever_can_resume(
    alice: User, bob: User, team: Team, operator: User, gateway: Gateway, client_as: ClientAs
) -> None:
    halt = stopped_by_alice(alice, team)
    for user, words, url in ((alice, "Look and resume", "/stops"), (bob, "See what is stopped", "/stops")):
        page = html(client_as(user), "/projects/")
        assert "Halden is stopped." in page
        assert f'<a class="button small" href="{url}">{words}</a>' in page
    halting.resume(user=alice, halt=halt)
    halts.stop(actor=SYSTEM, why="Backup of yesterday", cause=Halt.Cause.RESTORED)
    page = html(client_as(operator), "/projects/")
    assert "This instance was restored from a backup and is paused." in page
    assert '<a class="button small" href="/instance/stops">Look and resume</a>' in page
    assert '<a class="button small" href="/stops">See what is stopped</a>' in html(
        client_as(alice), "/projects/"
    )


def test_another_gateway_s_stop_is_said_where_it_concerns(
    alice: User, gateway: Gateway, operator: User, client_as: ClientAs
) -> None:
    other = GatewayFactory.create(slug="other", name="Other", kind=Gateway.Kind.CORE)
    halts.stop(actor=operator.actor, why="Moving", gateway=other)
    browser = client_as(alice)
    assert "Other is stopped." not in html(browser, "/projects/")
    session = browser.session
    session["gateway"] = "other"
    session.save()
    assert "Other is stopped." in html(browser, "/projects/")


@pytest.mark.parametrize("path", ["/", "/stops", "/stops/new", "/settings", "/instance/stops"])
def test_pages_stay_within_their_queries_while_stopped(
    path: str,
    alice: User,
    team: Team,
    gateway: Gateway,
    client_as: ClientAs,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    User.objects.filter(pk=alice.pk).update(is_operator=True)
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    for _ in range(5):
        OperationFactory.create(team=team, actor=alice, wallet=wallet)
        PaymentFactory.create(wallet=wallet, state=Payment.State.SIGNED)
    stopped_by_alice(alice, team)
    halts.stop(actor=alice.actor, why="Moving")
    browser = client_as(alice)
    browser.get("/projects/")
    with django_assert_max_num_queries(12):
        assert browser.get(path).status_code == 200


def test_the_banner_costs_no_query(
    alice: User,
    team: Team,
    gateway: Gateway,
    client_as: ClientAs,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = client_as(alice)
    browser.get("/stops/new")
    with CaptureQueriesContext(connection) as before:
        browser.get("/projects/")
    stopped_by_alice(alice, team)
    with django_assert_num_queries(len(before)):
        assert "Halden is stopped." in html(browser, "/projects/")
