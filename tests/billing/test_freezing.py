"""Freezing a wallet from its page, and the two passkeys or the hour that it takes to let it go."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM
from billing import freezes, services
from core.errors import Refusal
from notifications.models import Notice
from operations import consent, runner
from operations.models import Operation, State
from teams.models import Membership, Role, Team, User
from teams.permissions import NotAllowed
from tests.billing.conftest import at, attempt
from tests.factories import UserFactory
from tests.fixtures import ClientAs, RunOperations
from tests.passkeys import SoftPasskey
from wallets import freezing, passkeys, policies
from wallets.models import Freeze, Payment, TrustedPasskey, Unfreezing, Wallet

WHY = {"why": "An agent runs wild"}


def page(browser: Client, wallet: Wallet) -> str:
    return browser.get(f"/wallets/{wallet.pk}").content.decode()


def let_in(user: User, run_operations: RunOperations) -> SoftPasskey:
    """Give the person a passkey that may confirm now."""
    soft = SoftPasskey(user)
    soft.register()
    run_operations()
    for row in TrustedPasskey.objects.filter(user=user):
        row.eligible_from = timezone.now() - timedelta(hours=1)
        passkeys._mark(row)
    return soft


def confirm(browser: Client, wallet: Wallet, person: User, passkey: SoftPasskey) -> Operation:
    """Ask as the person would, confirm with their passkey, and let a worker do it."""
    answer = browser.post(f"/wallets/{wallet.pk}/unfreeze")
    operation = Operation.objects.filter(kind=freezes.UNFREEZE).latest("created_at")
    assert answer["Location"] == consent.url(operation)
    consent.give(operation, actor=person, assertion=passkey.confirm(operation))
    while claimed := runner.claim(operation.queue):
        runner.run(claimed)
    operation.refresh_from_db()
    return operation


@pytest.fixture
def erin(team: Team, keysets: None) -> User:
    """Another owner."""
    user: User = UserFactory.create(email="erin@example.com", name="Erin")
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return user


def test_a_developer_freezes_at_once_and_the_page_says_who_when_and_why(
    funded: Wallet, alice: User, bob: User, client_as: ClientAs
) -> None:
    browser = client_as(bob)
    assert "Freeze now" in browser.get(f"/wallets/{funded.pk}/freeze").content.decode()
    answer = browser.post(f"/wallets/{funded.pk}/freeze", WHY)
    assert answer["Location"] == f"/wallets/{funded.pk}"
    shown = page(client_as(alice), funded)
    for words in ("Frozen: it pays nothing", bob.label, "An agent runs wild", "Let it pay again"):
        assert words in shown
    assert "Nothing that was signed before can still settle." in shown
    assert "Let it pay again" not in page(browser, funded)
    told = Notice.objects.filter(event="wallet.frozen").select_related("person")
    assert {notice.text for notice in told} == {
        "It pays nothing until it is let go again. An agent runs wild"
    }
    assert sorted(notice.person.label for notice in told) == sorted([alice.label, bob.label])


def test_a_freeze_reaches_work_that_was_in_line_before(
    funded: Wallet, alice: User, bob: User, client_as: ClientAs
) -> None:
    operation = services.set_tier(wallet=funded, actor=alice, tier="prototype", shown_micros=100_000)
    client_as(bob).post(f"/wallets/{funded.pk}/freeze", WHY)
    attempt(operation)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "WALLET_FROZEN")
    assert Payment.objects.count() == 0


def test_a_frozen_wallet_is_refused_before_anything_is_put_in_line(funded: Wallet, alice: User) -> None:
    freezing.freeze(funded, actor=alice.actor, why="Now")
    with pytest.raises(Refusal) as refused:
        services.set_tier(wallet=funded, actor=alice, tier="prototype", shown_micros=100_000)
    assert refused.value.fault.code == "WALLET_FROZEN"


def test_the_page_before_a_payment_of_a_frozen_wallet_offers_no_button(
    funded: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser, path = at(client_as(alice), funded.gateway), f"/wallets/{funded.pk}/tier/prototype"
    said = "This wallet is frozen: it pays nothing until it is let go again."
    pages = [browser.get(path).content.decode()]
    freezing.freeze(funded, actor=alice.actor, why="Now")
    pages.append(browser.get(path).content.decode())
    assert [(said in page, "data-label>Pay<" in page) for page in pages] == [(False, True), (True, False)]


def test_a_freeze_without_a_reason_and_a_second_one_say_so(
    wallet: Wallet, alice: User, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    assert browser.post(f"/wallets/{wallet.pk}/freeze", {"why": " "}).status_code == 200
    assert Freeze.objects.count() == 0
    browser.post(f"/wallets/{wallet.pk}/freeze", WHY)
    again = browser.post(f"/wallets/{wallet.pk}/freeze", WHY)
    assert "This wallet is frozen already." in again.content.decode()


def test_two_passkeys_let_it_go(
    funded: Wallet, alice: User, erin: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    hers, erins = let_in(alice, run_operations), let_in(erin, run_operations)
    freezing.freeze(funded, actor=alice.actor, why="Now")
    assert confirm(client_as(alice), funded, alice, hers).result == {"said": "waits"}
    shown = page(client_as(erin), funded)
    assert "A second person has to confirm it with a passkey." in shown
    assert "Confirm it too" in shown
    assert "Confirm it too" not in page(client_as(alice), funded)
    assert confirm(client_as(erin), funded, erin, erins).result == {"said": "lifted"}
    assert "Frozen: it pays nothing" not in page(client_as(alice), funded)
    freezing.refuse_if_frozen(funded)
    told = Event.objects.filter(object_id=str(funded.pk)).order_by("seq").values_list("action", flat=True)
    assert list(told)[-3:] == ["wallet.frozen", "wallet.unfreeze_asked", "wallet.unfrozen"]


def test_the_word_of_whoever_lost_the_right_is_no_first_of_two(
    funded: Wallet, alice: User, erin: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    hers, erins = let_in(alice, run_operations), let_in(erin, run_operations)
    freezing.freeze(funded, actor=alice.actor, why="Now")
    confirm(client_as(alice), funded, alice, hers)
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    assert confirm(client_as(erin), funded, erin, erins).result == {"said": "waits"}
    assert Unfreezing.objects.get(stopped_at=None).by_id == str(erin.pk)
    with pytest.raises(freezing.Frozen):
        freezing.refuse_if_frozen(funded)


def test_one_person_alone_waits_an_hour_and_no_worker_waits_with_them(
    funded: Wallet, alice: User, bob: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    hers = let_in(alice, run_operations)
    freezing.freeze(funded, actor=bob.actor, why="Now")
    confirm(client_as(alice), funded, alice, hers)
    due = Operation.objects.get(kind=freezes.DUE)
    assert (due.state, due.started_at) == (State.QUEUED, None)
    assert due.not_before > timezone.now() + timedelta(minutes=59)
    assert "Nobody else could confirm, so an hour has to pass." in page(client_as(bob), funded)
    assert Notice.objects.filter(event="wallet.frozen", title__contains="pays again from").count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        run_operations()
    freezing.refuse_if_frozen(funded)
    assert Freeze.objects.get().lifted_by_label == alice.label


def test_anybody_who_may_freeze_it_keeps_it_frozen_within_the_hour(
    funded: Wallet, alice: User, bob: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    hers = let_in(alice, run_operations)
    freezing.freeze(funded, actor=bob.actor, why="Now")
    confirm(client_as(alice), funded, alice, hers)
    client_as(bob).post(f"/wallets/{funded.pk}/unfreeze/stop")
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        run_operations()
    assert Operation.objects.get(kind=freezes.DUE).result == {"lifted": False}
    with pytest.raises(freezing.Frozen):
        freezing.refuse_if_frozen(funded)


def test_whoever_lost_the_right_within_the_hour_frees_nothing_and_it_can_be_asked_anew(
    funded: Wallet, alice: User, bob: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    hers = let_in(alice, run_operations)
    freezing.freeze(funded, actor=bob.actor, why="Now")
    confirm(client_as(alice), funded, alice, hers)
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        run_operations()
    assert Operation.objects.get(kind=freezes.DUE).error["code"] == "NOT_ALLOWED"
    assert Unfreezing.objects.filter(stopped_at=None).count() == 0


def test_what_is_asked_for_another_teams_freeze_does_nothing(
    funded: Wallet, alice: User, run_operations: RunOperations
) -> None:
    hers = let_in(alice, run_operations)
    freezing.freeze(funded, actor=alice.actor, why="Now")
    operation = freezes.ask_to_unfreeze(wallet=funded, actor=alice)
    Operation.objects.filter(pk=operation.pk).update(args={"freeze": "00000000-0000-4000-8000-000000000000"})
    operation.refresh_from_db()
    consent.give(operation, actor=alice, assertion=hers.confirm(operation))
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "FREEZE_LIFTED"
    assert freezing.active(funded) is not None


def test_without_the_right_nobody_freezes_and_nobody_stops(
    wallet: Wallet, dora: User, client_as: ClientAs
) -> None:
    browser = client_as(dora)
    assert browser.post(f"/wallets/{wallet.pk}/freeze", WHY).status_code == 403
    with pytest.raises(NotAllowed):
        freezes.freeze_wallet(wallet=wallet, actor=dora, why="Now")
    with pytest.raises(NotAllowed):
        freezes.stop_unfreezing(wallet=wallet, actor=dora)


def test_limits_stay_what_they_were(wallet: Wallet, alice: User) -> None:
    before = policies.verified(wallet)
    frozen = freezing.freeze(wallet, actor=alice.actor, why="Now")
    freezing.lift(frozen, actor=SYSTEM)
    assert policies.verified(wallet) == before
