"""A second person above the team's threshold: nothing is reserved before, whoever asks cannot approve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM
from billing import services
from billing.passkeys import read
from core.errors import Refusal
from notifications.models import Notice
from operations import approvals, demanding, documents
from operations.documents import Ask
from operations.models import Approval, Operation, State
from operations.queue import Request, submit
from operations.registry import kind, kinds
from operations.work import Work
from teams.models import Membership, Role, Team, User
from teams.permissions import Action
from tests.billing.conftest import at, attempt
from tests.fixtures import ClientAs, RunOperations, confirmed
from tests.passkeys import SoftPasskey
from wallets import macs, passkeys, payees
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import BASE_MAINNET

Members = dict[str, User]
WHY = "Too dear for a trial."
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


def digest_of(operation: Operation) -> str:
    """The digest that a page shows now."""
    return Approval.objects.filter(operation=operation).latest("asked_at").digest


def approve(operation: Operation, actor: User) -> None:
    approvals.approve(operation=operation, actor=actor, digest=digest_of(operation))


def decline(operation: Operation, actor: User) -> None:
    approvals.decline(operation=operation, actor=actor, why=WHY)


def words_in(shown: str) -> list[str]:
    """The six words on a page."""
    return re.findall(r"<li><small>\d</small>(\w+)</li>", shown)


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
    assert f'href="/activity/{asked.pk}/approval"' in home
    assert "$0.10" in page_of(browser, asked)
    seen = {"digest": digest_of(asked)}
    assert browser.post(f"/activity/{asked.pk}/approve", seen)["Location"].startswith(
        "/accounts/confirm?for="
    )
    confirmed(browser, f"operation.approve/{asked.pk}").post(f"/activity/{asked.pk}/approve", seen)
    run_operations()
    assert state(asked) == State.SUCCEEDED
    assert Payment.objects.get().state == Payment.State.SETTLED
    assert "Approved by Alice." in page_of(browser, asked)
    assert Event.objects.get(action="operation.approved").actor_label == "Alice"


def test_another_member_declines_and_nothing_is_paid(
    client_as: ClientAs, asked: Operation, members: Members, run_operations: RunOperations
) -> None:
    browser = client_as(members[Role.ADMIN])
    browser.post(f"/activity/{asked.pk}/decline", {"why": " "})
    assert state(asked) == State.WAITING
    browser.post(f"/activity/{asked.pk}/decline", {"why": WHY})
    run_operations()
    assert (state(asked), Payment.objects.count()) == (State.CANCELLED, 0)
    assert f"admin@example.com declines: {WHY} Nothing was paid." in page_of(browser, asked)
    event = Event.objects.get(action="operation.declined")
    assert (event.actor_label, event.details["note"]) == ("admin@example.com", WHY)


def test_who_asks_sees_who_can_decide_and_cannot_decide(
    client_as: ClientAs, asked: Operation, members: Members, gateway_here: Gateway
) -> None:
    browser = confirmed(at(client_as(members[Role.BILLING]), gateway_here), f"operation.approve/{asked.pk}")
    shown = browser.get(f"/activity/{asked.pk}/approval").content.decode()
    assert f"/activity/{asked.pk}/approve" not in shown
    assert "admin@example.com" in shown
    assert "Alice" in shown
    assert words_in(shown) == list(documents.words(digest_of(asked))) == words_in(page_of(browser, asked))
    browser.post(f"/activity/{asked.pk}/approve", {"digest": digest_of(asked)})
    browser.post(f"/activity/{asked.pk}/decline", {"why": WHY})
    with pytest.raises(Refusal, match="Whoever asks cannot approve"):
        approve(asked, members[Role.BILLING])
    assert state(asked) == State.WAITING
    assert "a second person has to approve" not in browser.get("/").content.decode()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_who_may_not_pay_may_not_approve(
    client_as: ClientAs, asked: Operation, members: Members, gateway_here: Gateway, role: Role
) -> None:
    browser = at(client_as(members[role]), gateway_here)
    for path in ("approve", "approve/passkey", "decline"):
        assert browser.post(f"/activity/{asked.pk}/{path}").status_code == 403
    assert "a second person has to approve" not in browser.get("/").content.decode()
    with pytest.raises(Refusal):
        approve(asked, members[role])
    assert state(asked) == State.WAITING


def test_a_stranger_finds_no_operation(client_as: ClientAs, asked: Operation, charlie: User) -> None:
    browser = confirmed(client_as(charlie), f"operation.approve/{asked.pk}")
    assert browser.post(f"/activity/{asked.pk}/approve").status_code == 404
    with pytest.raises(Refusal):
        approve(asked, charlie)
    assert state(asked) == State.WAITING


def test_the_worker_asks_again_whether_the_approver_still_may(asked: Operation, members: Members) -> None:
    approve(asked, members[Role.ADMIN])
    Membership.objects.filter(user=members[Role.ADMIN]).update(role=Role.VIEWER)
    attempt(asked)
    assert (asked.state, asked.reason, Payment.objects.count()) == (State.WAITING, "approval", 0)
    assert "Who approved this may not do so any more." in str(
        list(asked.events.values_list("message", flat=True))
    )
    approve(asked, members[Role.OWNER])
    assert attempt(asked).state == State.SUCCEEDED


def test_the_worker_does_not_take_the_askers_own_word(asked: Operation, members: Members) -> None:
    Approval.objects.update(state=Approval.State.APPROVED, by_id=str(members[Role.BILLING].pk))
    Operation.objects.filter(pk=asked.pk).update(state=State.QUEUED, reason="")
    attempt(asked)
    assert (asked.state, Payment.objects.count()) == (State.WAITING, 0)


def test_an_approval_is_given_once(asked: Operation, members: Members) -> None:
    approve(asked, members[Role.OWNER])
    for decide in (approve, decline):
        with pytest.raises(Refusal, match="decided already"):
            decide(asked, members[Role.ADMIN])
    assert state(asked) == State.QUEUED


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


# --- What is approved is what is paid ---

TAMPERED: dict[str, tuple[dict[str, object], str]] = {
    "amount": ({"micros": CENTS_10 + 1}, "the sum"),
    "tier": ({"tier": "hobby"}, "what is sent"),
    "purpose": ({"purpose": "Prototype tier."}, "what it is for"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_one_byte_of_the_arguments_off_and_nothing_is_paid(
    asked: Operation, members: Members, what: str
) -> None:
    changed, named = TAMPERED[what]
    approve(asked, members[Role.OWNER])
    Operation.objects.filter(pk=asked.pk).update(args={**asked.args, **changed})
    attempt(asked)
    assert (asked.state, asked.reason, Payment.objects.count()) == (State.WAITING, "approval", 0)
    request = Approval.objects.get(operation=asked, state=Approval.State.WAITING)
    assert named in request.differences
    assert named in asked.events.latest("seq").message


def test_another_payee_needs_another_approval(
    asked: Operation, members: Members, funded: Wallet, team: Team
) -> None:
    approve(asked, members[Role.OWNER])
    payees.trust(team, funded.gateway, "0x" + "12" * 20, actor=SYSTEM)
    attempt(asked)
    assert (asked.state, Payment.objects.count()) == (State.WAITING, 0)
    assert approvals.request_of(asked).differences == ["who is paid"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "forged",
    [
        {"digest": "0" * 64},
        {"expires_at": timezone.now() + timedelta(days=400)},
        {"due_at": timezone.now() - timedelta(minutes=1)},
    ],
)
def test_a_request_that_no_worker_wrote_counts_for_nothing(
    asked: Operation, members: Members, forged: dict[str, object]
) -> None:
    by = {"state": Approval.State.APPROVED, "by_id": str(members[Role.OWNER].pk)}
    Approval.objects.filter(operation=asked).update(**by, **forged)
    Operation.objects.filter(pk=asked.pk).update(state=State.QUEUED, reason="")
    attempt(asked)
    assert (asked.state, Payment.objects.count()) == (State.WAITING, 0)
    assert "which no worker wrote" in asked.events.latest("seq").message


def test_who_approves_has_to_have_seen_the_request_that_stands(asked: Operation, members: Members) -> None:
    with pytest.raises(Refusal, match="Compare the words again"):
        approvals.approve(operation=asked, actor=members[Role.OWNER], digest="0" * 64)
    assert state(asked) == State.WAITING


# --- Time ---


def test_after_a_day_it_ends_and_says_so(asked: Operation, members: Members) -> None:
    Approval.objects.filter(operation=asked).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refusal, match="decided already"):
        approve(asked, members[Role.OWNER])
    assert approvals.sweep() == 1
    assert (state(asked), Payment.objects.count()) == (State.CANCELLED, 0)
    assert asked.events.latest("seq").message.startswith("Nobody approved this within a day")


def test_an_approval_is_used_within_its_day_or_never(asked: Operation, members: Members) -> None:
    approve(asked, members[Role.OWNER])
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        attempt(asked)
    assert (asked.state, asked.error["code"]) == (State.FAILED, "APPROVAL_EXPIRED")
    assert not Payment.objects.exists()


@pytest.fixture
def alone(funded: Wallet, members: Members, team: Team, run_operations: RunOperations) -> Operation:
    """A tier that the only person who could approve it asked for; it waits for its hour."""
    Membership.objects.filter(user__in=[members[Role.ADMIN], members[Role.BILLING]]).delete()
    Team.objects.filter(pk=team.pk).update(approval_above_micros=50_000)
    services.set_tier(wallet=funded, actor=members[Role.OWNER], tier="prototype", shown_micros=CENTS_10)
    run_operations()
    return Operation.objects.get(kind="tier.set")


def hour_is_over(operation: Operation) -> None:
    """As if a worker had asked more than an hour ago; the sandbox's own clock stays as it is."""
    request = Approval.objects.get(operation=operation)
    request.due_at = timezone.now() - timedelta(minutes=1)
    request.mac = macs.compute(demanding.covered(request))
    request.save()


def test_who_alone_could_approve_waits_an_hour_instead(
    client_as: ClientAs, alone: Operation, members: Members, gateway_here: Gateway
) -> None:
    shown = at(client_as(members[Role.OWNER]), gateway_here).get(f"/activity/{alone.pk}/approval")
    assert "Nobody else can approve." in shown.content.decode()
    assert f"/activity/{alone.pk}/cancel" in shown.content.decode()
    notice = Notice.objects.get(event="approval.needed")
    assert (notice.person, notice.url) == (members[Role.OWNER], f"/activity/{alone.pk}/approval")
    assert approvals.sweep() == 0
    hour_is_over(alone)
    assert approvals.sweep() == 1
    attempt(alone)
    assert alone.state == State.SUCCEEDED
    assert "nobody stopped it for an hour" in str(list(alone.events.values_list("message", flat=True)))


def test_who_comes_within_the_hour_has_to_approve(alone: Operation, members: Members, team: Team) -> None:
    Membership.objects.create(user=members[Role.ADMIN], team=team, role=Role.ADMIN)
    hour_is_over(alone)
    approvals.sweep()
    attempt(alone)
    assert (alone.state, Payment.objects.count()) == (State.WAITING, 0)
    assert approvals.request_of(alone).due_at is None  # type: ignore[union-attr]


# --- Real money ---


class Real:
    """A kind that asks for real money and pays nothing: what no other kind of this version does."""

    def __init__(self, wallet: Wallet) -> None:
        self.ask = Ask(wallet, 20_000_000, BASE_MAINNET, "tier", "Team tier")

    def __call__(self, work: Work) -> None:
        demanding.demand(work, self.ask)


@pytest.fixture
def real(asked: Operation, funded: Wallet, members: Members, gateway_here: Gateway) -> Iterator[Operation]:
    """An operation of twenty real dollars that billing asked for; it waits."""
    kind("test.real", "Test", action=Action.TIER_SET)(Real(funded))
    operation = submit(Request("test.real", "Pay", funded.team, gateway_here, members[Role.BILLING], funded))
    yield attempt(operation)
    del kinds._entries["test.real"]


@pytest.mark.parametrize("wrong", ["", "other digest", "other person", "no passkey"])
def test_real_money_needs_the_approvers_passkey_over_the_digest(
    real: Operation, members: Members, team: Team, wrong: str
) -> None:
    owner, admin = (trusted(members[role], team) for role in (Role.OWNER, Role.ADMIN))
    signed = bytes.fromhex("00" * 32 if wrong == "other digest" else digest_of(real))
    given = (admin if wrong == "other person" else owner).sign(signed)
    if wrong == "no passkey":
        with pytest.raises(Refusal, match="approved with a passkey"):
            approve(real, members[Role.OWNER])
        return
    approvals.approve(operation=real, actor=members[Role.OWNER], digest=digest_of(real), assertion=given)
    attempt(real)
    assert real.state == (State.WAITING if wrong else State.SUCCEEDED)


def trusted(user: User, team: Team) -> SoftPasskey:
    """A passkey that may confirm at once."""
    passkey = SoftPasskey(user)
    credential = passkey.register(quietly=True)
    membership = Membership.objects.get(user=user, team=team)
    row = passkeys.trust(membership, read(credential), actor=SYSTEM)
    row.eligible_from = timezone.now() - timedelta(minutes=1)
    row.mac = macs.compute(passkeys.covered(row))
    row.save()
    return passkey
