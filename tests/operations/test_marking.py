"""What people decide about an operation whose outcome nobody knows."""

from __future__ import annotations

import pytest

from audit.models import Event
from core.errors import Refusal
from operations import decisions, marking, queue
from operations.models import Operation, Reason
from operations.reconciling import still_unknown
from teams.models import Role, Team, User
from teams.permissions import Action, NotAllowed
from tests.factories import MembershipFactory, PaymentFactory, UserFactory, WalletFactory
from tests.operations.conftest import MakeKind, in_review
from wallets.models import Gateway, Payment

pytestmark = pytest.mark.django_db

NOTE = "Seen on the site"


def state_of(operation: Operation) -> tuple[str, str]:
    operation.refresh_from_db()
    return operation.state, operation.reason


def recorded(operation: Operation) -> list[tuple[str, str]]:
    rows = Event.objects.filter(object_id=str(operation.pk)).order_by("seq")
    return [(row.action, str(row.details.get("note", ""))) for row in rows]


def said(operation: Operation) -> str:
    return operation.events.get(type="decision").message


@pytest.mark.parametrize(
    ("done", "state", "word"), [(True, "succeeded", "done"), (False, "failed", "failed")]
)
def test_a_person_says_what_became_of_it(
    doubtful: Operation, alice: User, ends: list[tuple[str, str]], done: bool, state: str, word: str
) -> None:
    marking.mark(operation=doubtful, actor=alice, done=done, note=f"  {NOTE} \n")
    assert state_of(doubtful) == (state, "")
    assert doubtful.finished_at is not None
    assert ends == [(str(doubtful.pk), state)]
    assert recorded(doubtful) == [(f"operation.marked_{word}", NOTE)]
    assert said(doubtful) == f"Marked as {word} by Alice: {NOTE}"


@pytest.mark.parametrize("note", ["", " \n\t"])
def test_a_note_is_required(doubtful: Operation, alice: User, note: str) -> None:
    with pytest.raises(Refusal) as refused:
        marking.mark(operation=doubtful, actor=alice, done=True, note=note)
    assert refused.value.fault.code == "NOTE_MISSING"
    assert state_of(doubtful) == ("waiting", "review")


def test_it_is_marked_once(doubtful: Operation, alice: User, ends: list[tuple[str, str]]) -> None:
    marking.mark(operation=doubtful, actor=alice, done=True, note=NOTE)
    with pytest.raises(Refusal) as refused:
        marking.mark(operation=doubtful, actor=alice, done=False, note=NOTE)
    assert refused.value.fault.code == "NOT_WAITING"
    assert (state_of(doubtful), len(ends)) == (("succeeded", ""), 1)


@pytest.mark.parametrize("reason", [Reason.CONFIRMATION, Reason.APPROVAL])
def test_what_waits_for_something_else_cannot_be_marked(
    doubtful: Operation, alice: User, reason: Reason
) -> None:
    Operation.objects.update(reason=reason)
    with pytest.raises(Refusal):
        marking.mark(operation=doubtful, actor=alice, done=True, note=NOTE)
    with pytest.raises(Refusal):
        marking.resume(operation=doubtful, actor=alice)
    assert state_of(doubtful) == ("waiting", reason)


def test_what_is_in_review_can_be_neither_cancelled_nor_decided_otherwise(
    doubtful: Operation, alice: User
) -> None:
    with pytest.raises(Refusal) as refused:
        queue.cancel(doubtful, actor=alice)
    assert refused.value.fault.code == "IN_REVIEW"
    with pytest.raises(Refusal):
        queue.decide(doubtful, actor=alice, checkpoints={}, message="x", reason=Reason.CONFIRMATION)
    assert state_of(doubtful) == ("waiting", "review")


def test_resume_has_a_worker_go_on_from_the_checkpoints(doubtful: Operation, alice: User) -> None:
    marking.resume(operation=doubtful, actor=alice)
    assert state_of(doubtful) == ("queued", "")
    assert doubtful.checkpoints.items() >= {"plan_id": "pln_7", **decisions.resuming()}.items()
    assert recorded(doubtful) == [("operation.resumed", "")]
    assert said(doubtful) == "Alice has it go on."


def test_what_its_asker_may_no_longer_do_is_not_resumed(doubtful: Operation, alice: User, bob: User) -> None:
    """The worker would end it as refused, as if nothing had happened."""
    Operation.objects.update(actor=bob, actor_label="Bob")
    bob.memberships.all().delete()
    doubtful.refresh_from_db()
    with pytest.raises(Refusal) as refused:
        marking.resume(operation=doubtful, actor=alice)
    assert refused.value.fault.code == "ASKER_MAY_NOT"
    assert state_of(doubtful) == ("waiting", "review")


def test_inspect_has_a_worker_look(team: Team, alice: User, gateway: Gateway, make_kind: MakeKind) -> None:
    kind = make_kind(lambda work: None, reconcile=lambda work: still_unknown(final=True))
    doubtful = in_review(team, alice, gateway, kind)
    marking.inspect(operation=doubtful, actor=alice)
    assert state_of(doubtful) == ("queued", "")
    assert doubtful.checkpoints.items() >= {"plan_id": "pln_7", **decisions.inspecting(doubtful)}.items()
    assert recorded(doubtful) == [("operation.inspected", "")]


def test_a_kind_that_cannot_look_is_not_inspected(doubtful: Operation, alice: User) -> None:
    with pytest.raises(Refusal) as refused:
        marking.inspect(operation=doubtful, actor=alice)
    assert refused.value.fault.code == "CANNOT_INSPECT"


@pytest.mark.parametrize(
    ("payment", "kept"), [(Payment.State.UNKNOWN, "unknown"), (Payment.State.SIGNED, "signed")]
)
def test_marking_leaves_a_payment_that_may_have_left_as_it_is(
    doubtful: Operation, alice: User, gateway: Gateway, payment: str, kept: str
) -> None:
    wallet = WalletFactory.create(team=doubtful.team, owner=alice, gateway=gateway)
    row = PaymentFactory.create(wallet=wallet, operation_id=doubtful.pk, state=payment, settled_micros=None)
    marking.mark(operation=doubtful, actor=alice, done=False, note=NOTE)
    row.refresh_from_db()
    assert row.state == kept


# --- Who may ---


def test_who_may_ask_for_it_may_decide_and_owners_and_admins_may_mark_it(
    team: Team, alice: User, bob: User, dora: User, gateway: Gateway, make_kind: MakeKind
) -> None:
    erin = UserFactory.create(email="erin@example.com", name="Erin")
    MembershipFactory.create(team=team, user=erin, role=Role.ADMIN)
    owners_only = make_kind(lambda work: None, action=Action.WALLET_RAISE)
    for user, may in ((bob, False), (dora, False), (erin, True), (alice, True)):
        operation = in_review(team, alice, gateway, owners_only)
        try:
            marking.mark(operation=operation, actor=user, done=False, note=NOTE)
        except NotAllowed:
            assert not may
        assert state_of(operation)[0] == ("failed" if may else "waiting")
    operation = in_review(team, alice, gateway, owners_only)
    with pytest.raises(NotAllowed):
        marking.resume(operation=operation, actor=erin)


def test_a_kind_that_nobody_knows_any_more_is_marked_by_owners(
    team: Team, alice: User, bob: User, gateway: Gateway
) -> None:
    operation = in_review(team, alice, gateway, "gone.kind")
    with pytest.raises(NotAllowed):
        marking.mark(operation=operation, actor=bob, done=False, note=NOTE)
    marking.mark(operation=operation, actor=alice, done=False, note=NOTE)
    assert state_of(operation) == ("failed", "")
