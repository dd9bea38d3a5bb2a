"""What the live release and plans require by name, and what of it is set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deploys import needs
from deploys.models import Deploy, Release
from operations.models import State
from projects.models import Project, Secret
from teams.models import Membership, Team, User
from tests.factories import DeployFactory, OperationFactory, ProjectFactory, ReleaseFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(team: Team, gateway: Gateway, alice: User) -> Project:
    wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice)
    found: Project = ProjectFactory.create(
        team=team, wallet=wallet, service_key_sealed=b"sealed", secrets_at=timezone.now() + timedelta(hours=1)
    )
    return found


@pytest.fixture
def as_alice(client_as: ClientAs, alice: User) -> Client:
    return client_as(alice)


def released(
    project: Project, minutes: int, *, require: list[str] | None = None, here: bool = True
) -> Release:
    """Make a release that went live so many minutes after the first; None: its spec is silent about secrets."""
    at = timezone.now() + timedelta(minutes=minutes)
    Release.objects.filter(project=project).update(status="superseded")
    release: Release = ReleaseFactory.create(
        project=project, created_at=at, activated_at=at, status="active", made_here=here
    )
    Project.objects.filter(pk=project.pk).update(live_release=release.remote_id)
    project.refresh_from_db()
    if here:
        spec = {} if require is None else {"secrets": {"require": require}}
        operation = OperationFactory.create(team=project.team, kind="deploy", state=State.SUCCEEDED)
        DeployFactory.create(project=project, release=release, spec=spec, operation=operation)
    return release


def planned(project: Project, state: State = State.WAITING, **fields: object) -> Deploy:
    operation = OperationFactory.create(team=project.team, kind="deploy", queue="deploys", state=state)
    deploy: Deploy = DeployFactory.create(project=project, operation=operation, **fields)
    return deploy


def told(project: Project, user: User) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return label, names, and whether there may be more."""
    membership = Membership.objects.get(user=user)
    return [
        (need.label, need.names, bool(need.unsure))
        for need in needs.of_projects([project], membership).get(project.pk, [])
    ]


def test_nothing_live_requires_nothing(project: Project, alice: User) -> None:
    assert told(project, alice) == []


def test_the_live_release_requires_what_its_spec_named(project: Project, alice: User) -> None:
    released(project, 0, require=["OLD"])
    released(project, 1, require=["API_KEY", "SMTP_URL"])
    assert told(project, alice) == [("Live release", ("API_KEY", "SMTP_URL"), False)]


def test_a_spec_that_is_silent_keeps_what_was_required_before(project: Project, alice: User) -> None:
    released(project, 0, require=["API_KEY"])
    released(project, 1)
    assert told(project, alice) == [("Live release", ("API_KEY",), False)]


def test_an_empty_list_requires_nothing_any_more(project: Project, alice: User) -> None:
    released(project, 0, require=["API_KEY"])
    released(project, 1, require=[])
    assert told(project, alice) == [("Live release", (), False)]


def test_a_release_made_elsewhere_makes_it_unsure_until_a_spec_says_it_again(
    project: Project, alice: User
) -> None:
    released(project, 0, require=["API_KEY"])
    released(project, 1, here=False)
    unsure = told(project, alice)
    released(project, 2, require=["API_KEY"])
    assert unsure == [("Live release", ("API_KEY",), True)]
    assert told(project, alice) == [("Live release", ("API_KEY",), False)]


def test_a_plan_requires_what_its_spec_names_and_what_the_gateway_misses(
    project: Project, alice: User
) -> None:
    warning = {"code": needs.MISSING, "affected": ["FROM_BASE"], "blocking": True}
    planned(project, spec={"secrets": {"require": ["API_KEY"]}}, reviewed_plan={"warnings": [warning]})
    planned(project, State.FAILED, spec={"secrets": {"require": ["NEVER"]}})
    assert told(project, alice) == [("Plan of site.zip", ("API_KEY", "FROM_BASE"), False)]


def test_plans_are_for_those_who_reach_the_wallet(project: Project, alice: User, bob: User) -> None:
    planned(project, spec={"secrets": {"require": ["API_KEY"]}})
    Membership.objects.filter(user=bob).update(wallets_limited=True)
    assert (len(told(project, alice)), told(project, bob)) == (1, [])


def test_the_page_sets_required_against_present(project: Project, as_alice: Client) -> None:
    released(project, 0, require=["API_KEY", "SMTP_URL"])
    year = timezone.now() - timedelta(days=400)
    for key, at in (("API_KEY", timezone.now()), ("LEGACY", year)):
        Secret.objects.create(project=project, key=key, updated_at=at, seen_at=timezone.now())
    page = as_alice.get(f"/projects/{project.pk}/secrets").content.decode()
    panel = as_alice.get(f"/projects/{project.pk}/panels/secrets").content.decode()
    assert "1 secret is required but not set." in page
    assert [word in page for word in ("Missing", "Old", "not required", "Live release")] == [True] * 4
    assert ("SMTP_URL" in panel, "API_KEY" in panel, "Live release" in panel) == (True, False, True)


def test_the_preview_says_what_would_still_be_missing(
    project: Project, as_alice: Client, public_keyset: None
) -> None:
    released(project, 0, require=["API_KEY", "SMTP_URL"])
    answer = as_alice.post(f"/projects/{project.pk}/secrets/env", {"text": "API_KEY=x"})
    page = as_alice.get(answer.headers["Location"]).content.decode()
    assert ("required, and missing" in page, "SMTP_URL" in page) == (True, True)


def test_deleting_one_that_is_required_says_so(project: Project, as_alice: Client) -> None:
    released(project, 0, require=["API_KEY"])
    Secret.objects.create(project=project, key="API_KEY", seen_at=timezone.now())
    page = as_alice.get(f"/projects/{project.pk}/secrets/delete?key=API_KEY").content.decode()
    assert ("It is required." in page, "Live release" in page) == (True, True)
