"""Reading a project from the sandbox into the mirror."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from operations.models import Operation, State
from projects import services
from projects.models import Project
from teams.models import User
from tests.factories import ProjectFactory
from tests.fixtures import ClientAs, RunOperations
from tests.projects.conftest import Turn
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(alice: User, tiered_wallet: Wallet, run_operations: RunOperations) -> Project:
    """A project that is really there."""
    project = services.create_project(
        team=tiered_wallet.team, actor=alice, wallet=tiered_wallet, name="tidepool"
    )
    run_operations()
    project.refresh_from_db()
    return project


def test_usage_lease_and_limits_are_mirrored(made: Project, run_operations: RunOperations) -> None:
    services.refresh(project=made)
    run_operations()
    made.refresh_from_db()
    assert (made.tier, made.status, made.storage_bytes) == ("prototype", "active", 0)
    assert made.api_calls is not None  # reading the usage counts as a call itself
    assert (made.api_calls_limit, made.storage_limit_bytes) == (500_000, 250 * 1024 * 1024)
    assert made.lease_expires_at == made.wallet.lease_expires_at
    assert (made.live_release, made.live_generation, made.live_url) == ("", None, "")
    assert made.synced_at is not None


def test_one_read_that_fails_leaves_the_others(
    made: Project, run_operations: RunOperations, turn: Turn
) -> None:
    Project.objects.filter(pk=made.pk).update(api_calls_limit=7, tier="")
    turn("status", method="GET", path="/projects/v1/admin/*", status=500)
    operation = services.refresh(project=made)
    run_operations()
    made.refresh_from_db()
    operation.refresh_from_db()
    assert (operation.state, operation.result) == (State.SUCCEEDED, {"failed": ["usage"]})
    assert (made.api_calls_limit, made.tier) == (7, "prototype")


def test_gateway_that_is_down_keeps_what_was_read_and_says_so(
    alice: User, made: Project, run_operations: RunOperations, client_as: ClientAs
) -> None:
    services.refresh(project=made)
    run_operations()
    made.gateway.url = "http://127.0.0.1:9"
    made.gateway.save()
    services.refresh(project=made, actor=alice)
    run_operations()
    made.refresh_from_db()
    page = client_as(alice).get(reverse("projects:detail", args=[made.pk])).content.decode()
    assert made.api_calls_limit == 500_000
    assert "The last refresh failed:" in page
    assert "The gateway cannot be reached" in page


def test_project_whose_key_is_not_held_is_read_as_far_as_the_wallet_can(
    made: Project, run_operations: RunOperations
) -> None:
    Project.objects.filter(pk=made.pk).update(service_key_sealed=b"", tier="")
    operation = services.refresh(project=made)
    run_operations()
    made.refresh_from_db()
    operation.refresh_from_db()
    assert (made.tier, operation.result) == ("prototype", {"failed": []})


def test_opening_a_stale_page_queues_one_refresh(alice: User, client_as: ClientAs) -> None:
    project = ProjectFactory.create(team=alice.teams.get(), synced_at=timezone.now() - timedelta(minutes=2))
    client, url = client_as(alice), reverse("projects:detail", args=[project.pk])
    first, second = client.get(url), client.get(url)
    assert (first.status_code, second.status_code) == (200, 200)
    assert [(row.kind, row.actor) for row in Operation.objects.all()] == [("project.sync", None)]
    assert "reading again" in second.content.decode()


def test_fresh_page_queues_nothing(alice: User, client_as: ClientAs) -> None:
    project = ProjectFactory.create(team=alice.teams.get(), synced_at=timezone.now())
    client_as(alice).get(reverse("projects:detail", args=[project.pk]))
    assert Operation.objects.count() == 0


def test_fragment_asks_again_until_the_refresh_has_ended(
    alice: User, made: Project, run_operations: RunOperations, client_as: ClientAs
) -> None:
    client, url = client_as(alice), reverse("projects:mirror", args=[made.pk])
    services.refresh(project=made)
    during = client.get(url).content.decode()
    run_operations()
    after = client.get(url).content.decode()
    assert ("data-poll" in during, "data-poll" in after) == (True, False)
    assert after.count('hx-swap-oob="true"') == 3
