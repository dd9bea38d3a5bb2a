"""A second person above the team's threshold: nothing is reserved before, whoever asks cannot approve."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from billing import services
from core.errors import Refusal
from operations import approvals
from operations.models import Operation, State
from teams.models import Membership, Role, Team, User
from tests.billing.conftest import at, attempt
from tests.fixtures import ClientAs, RunOperations, confirmed
from wallets.models import Gateway, Payment, Wallet

Members = dict[str, User]
CENTS_10 = 100_000


@pytest.fixture
def asked(funded: Wallet, members: Members, team: Team, run_operations: RunOperations) -> Operation:
    """A tier of ten cents that billing asked for, in a team whose threshold is five; it waits."""
    Team.objects.filter(pk=team.pk).update(approval_above_micros=50_000)
    services.set_tier(wallet=funded, actor=members[Role.BILLING], tier="prototype", shown_micros=CENTS_10)
    run_operations()
    operation = Operation.objects.get(kind="tier.set")
    assert (operation.state, operation.reason) == (State.WAITING, "approval")
    assert not Payment.objects.exists()
    return operation


def page_of(client: Client, operation: Operation) -> str:
    return client.get(f"/activity/{operation.pk}").content.decode()


def state(operation: Operation) -> str:
    operation.refresh_from_db()
    return operation.state


def test_another_member_approves_and_it_is_paid(
    client_as: ClientAs,
    asked: Operation,
    members: Members,
    gateway_here: Gateway,
    run_operations: RunOperations,
) -> None:
    browser = at(client_as(members[Role.OWNER]), gateway_here)
    home = browser.get("/").content.decode()
    assert "billing@example.com asks; a second person has to approve" in home
    assert f'href="/activity/{asked.pk}"' in home
    assert "$0.10" in page_of(browser, asked)
    assert browser.post(f"/activity/{asked.pk}/approve")["Location"].startswith("/accounts/confirm?for=")
    confirmed(browser, f"operation.approve/{asked.pk}").post(f"/activity/{asked.pk}/approve")
    run_operations()
    assert state(asked) == State.SUCCEEDED
    assert Payment.objects.get().state == Payment.State.SETTLED
    assert "Approved by Alice." in page_of(browser, asked)
    assert Event.objects.get(action="operation.approved").actor_label == "Alice"


def test_another_member_declines_and_nothing_is_paid(
    client_as: ClientAs, asked: Operation, members: Members, run_operations: RunOperations
) -> None:
    browser = client_as(members[Role.ADMIN])
    browser.post(f"/activity/{asked.pk}/decline")
    run_operations()
    assert (state(asked), Payment.objects.count()) == (State.CANCELLED, 0)
    assert "admin@example.com declines. Nothing was paid." in page_of(browser, asked)
    assert Event.objects.get(action="operation.declined").actor_label == "admin@example.com"


def test_who_asks_sees_who_can_decide_and_cannot_decide(
    client_as: ClientAs, asked: Operation, members: Members, gateway_here: Gateway
) -> None:
    browser = confirmed(at(client_as(members[Role.BILLING]), gateway_here), f"operation.approve/{asked.pk}")
    shown = page_of(browser, asked)
    assert f"/activity/{asked.pk}/approve" not in shown
    assert "admin@example.com, Alice" in shown
    assert "Nothing is paid until one of them approves." in shown
    browser.post(f"/activity/{asked.pk}/approve")
    browser.post(f"/activity/{asked.pk}/decline")
    with pytest.raises(Refusal, match="Whoever asks cannot approve"):
        approvals.approve(operation=asked, actor=members[Role.BILLING])
    assert state(asked) == State.WAITING
    assert "a second person has to approve" not in browser.get("/").content.decode()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_who_may_not_pay_may_not_approve(
    client_as: ClientAs, asked: Operation, members: Members, gateway_here: Gateway, role: Role
) -> None:
    browser = at(client_as(members[role]), gateway_here)
    for path in ("approve", "decline"):
        assert browser.post(f"/activity/{asked.pk}/{path}").status_code == 403
    assert "a second person has to approve" not in browser.get("/").content.decode()
    with pytest.raises(Refusal):
        approvals.approve(operation=asked, actor=members[role])
    assert state(asked) == State.WAITING


def test_a_stranger_finds_no_operation(client_as: ClientAs, asked: Operation, charlie: User) -> None:
    browser = confirmed(client_as(charlie), f"operation.approve/{asked.pk}")
    assert browser.post(f"/activity/{asked.pk}/approve").status_code == 404
    with pytest.raises(Refusal):
        approvals.approve(operation=asked, actor=charlie)
    assert state(asked) == State.WAITING


def test_the_worker_asks_again_whether_the_approver_still_may(asked: Operation, members: Members) -> None:
    approvals.approve(operation=asked, actor=members[Role.ADMIN])
    Membership.objects.filter(user=members[Role.ADMIN]).update(role=Role.VIEWER)
    attempt(asked)
    assert (asked.state, asked.reason, Payment.objects.count()) == (State.WAITING, "approval", 0)
    assert "Who approved this may not do so any more." in str(
        list(asked.events.values_list("message", flat=True))
    )
    approvals.approve(operation=asked, actor=members[Role.OWNER])
    assert attempt(asked).state == State.SUCCEEDED


def test_the_worker_does_not_take_the_askers_own_word(asked: Operation, members: Members) -> None:
    own = {approvals.APPROVED_BY: str(members[Role.BILLING].pk)}
    Operation.objects.filter(pk=asked.pk).update(state=State.QUEUED, reason="", checkpoints=own)
    attempt(asked)
    assert (asked.state, Payment.objects.count()) == (State.WAITING, 0)


def test_an_approval_is_given_once(asked: Operation, members: Members) -> None:
    approvals.approve(operation=asked, actor=members[Role.OWNER])
    for decide in (approvals.approve, approvals.decline):
        with pytest.raises(Refusal, match="decided already"):
            decide(operation=asked, actor=members[Role.ADMIN])
    assert state(asked) == State.QUEUED


def test_the_page_says_when_nobody_else_can_approve(
    client_as: ClientAs, asked: Operation, members: Members
) -> None:
    Membership.objects.exclude(user=members[Role.BILLING]).exclude(role=Role.VIEWER).delete()
    shown = page_of(client_as(members[Role.BILLING]), asked)
    assert "Nobody else can approve." in shown
    assert 'href="/team/rules"' in shown


@pytest.mark.parametrize("above", [None, CENTS_10])
def test_up_to_the_threshold_nobody_is_asked(
    funded: Wallet, members: Members, team: Team, run_operations: RunOperations, above: int | None
) -> None:
    Team.objects.filter(pk=team.pk).update(approval_above_micros=above)
    services.set_tier(wallet=funded, actor=members[Role.BILLING], tier="prototype", shown_micros=CENTS_10)
    run_operations()
    assert Operation.objects.get(kind="tier.set").state == State.SUCCEEDED


def test_a_payment_under_way_goes_on_when_the_rule_comes_later(
    funded: Wallet, members: Members, team: Team
) -> None:
    """What was signed may settle at any time: it has to be told truly, rule or not."""
    operation = services.set_tier(
        wallet=funded, actor=members[Role.OWNER], tier="prototype", shown_micros=CENTS_10
    )
    assert attempt(operation).state == State.SUCCEEDED
    Team.objects.filter(pk=team.pk).update(approval_above_micros=0)
    Operation.objects.filter(pk=operation.pk).update(state=State.QUEUED, finished_at=None)
    assert attempt(operation).state == State.SUCCEEDED
    assert Payment.objects.count() == 1
