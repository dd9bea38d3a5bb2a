"""What people see of an instance that came out of a backup."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from core.registry import Restored, after_restore
from notifications.models import Delivery, Hook
from operations.models import Operation, State
from teams.models import Role, Team, User
from tests.factories import HookFactory, MembershipFactory, OperationFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(team: Team) -> User:
    """Somebody who operates the instance and only looks at the team."""
    user: User = UserFactory.create(name="Otto", is_operator=True)
    MembershipFactory.create(team=team, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def restored(team: Team, alice: User) -> Restored:
    """The team's instance, as a restore leaves it: a wallet, an operation under way, a webhook with a message."""
    wallet = WalletFactory.create(team=team, label="First")
    OperationFactory.create(team=team, wallet=wallet, gateway=wallet.gateway, state=State.RUNNING)
    hook = HookFactory.create(team=team, on=True, created_by=alice, known_to=alice)
    Delivery.objects.create(hook=hook, event="deploy.live", object_id="1", title="Live", body="{}")
    moments = Restored(timezone.now() - timedelta(hours=5), timezone.now())
    with transaction.atomic():
        for settle in after_restore:
            settle(moments)
    return moments


def words(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_every_page_says_that_it_is_paused_and_from_which_backup(
    restored: Restored, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)

    for path in ("/", "/projects/", "/wallets/", "/settings"):
        page = words(browser, path)
        assert "This instance was restored from a backup and is paused." in page, path
        assert f"{restored.made_at:%Y-%m-%d %H:%M} UTC" in page, path


def test_an_operation_that_was_under_way_says_why_it_is_not_repeated(
    restored: Restored, alice: User, client_as: ClientAs
) -> None:
    operation = Operation.objects.get()

    page = words(client_as(alice), f"/activity/{operation.pk}")

    assert (
        "It was under way when the backup was made that is restored here: it may have happened since." in page
    )
    assert "The gateway gave no reason." not in page


def test_operators_see_what_is_to_be_done_and_may_resume_before_wallets_are_ready(
    restored: Restored, operator: User, client_as: ClientAs
) -> None:
    browser = client_as(operator)
    page = words(browser, "/instance/stops")
    assert "Before you resume" in page
    assert "0 of 1" in page
    assert page.count('<span class="push">1</span>') == 2
    assert "What was taken away since the backup is back" in page

    halt = browser.get("/instance/stops").context["page"].stopped[0].halt
    assert browser.post("/instance/stops/lift", {"halt": str(halt.pk)}).status_code == 302

    assert "Resumed" in words(browser, "/instance/stops")
    assert Wallet.objects.get().is_frozen
    Wallet.objects.update(frozen_at=None, unread_from=None)
    assert "Before you resume" not in words(browser, "/instance/stops")


def test_owners_see_why_a_webhook_is_off_and_turn_it_on(
    restored: Restored, alice: User, client_as: ClientAs
) -> None:
    hook, browser = Hook.objects.get(), client_as(alice)
    assert (hook.on, Delivery.objects.get().state) == (False, "failed")
    assert "the panel was restored from a backup" in words(browser, f"/settings/webhooks/{hook.pk}")

    browser.post(f"/settings/webhooks/{hook.pk}/on")

    hook.refresh_from_db()
    assert (hook.on, hook.off_since_restore) == (True, None)
    assert "Turned off: the panel was restored" not in words(browser, f"/settings/webhooks/{hook.pk}")


def test_a_frozen_wallet_says_so(restored: Restored, alice: User, client_as: ClientAs) -> None:
    wallet = Wallet.objects.get()

    page = words(client_as(alice), f"/wallets/{wallet.pk}")

    assert "restored from a backup and pays nothing yet" in page
