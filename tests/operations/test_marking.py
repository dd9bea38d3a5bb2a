"""What people decide about an operation whose outcome nobody knows."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from core.errors import Refusal
from operations import decisions, marking, queue
from operations.models import Operation, Reason, State
from operations.reconciling import still_unknown
from teams.models import Role, Team, User
from teams.permissions import Action, NotAllowed
from tests.factories import MembershipFactory, OperationFactory, PaymentFactory, UserFactory, WalletFactory
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind
from wallets.models import Gateway, Payment

pytestmark = pytest.mark.django_db

ERROR = {
    "code": "NO_ANSWER",
    "message": "The connection broke.",
    "source": "run402",
    "retryable": False,
    "safe_to_retry": False,
    "mutation_state": "unknown",
    "trace_id": "trc_1",
    "details": {"operation_id": "op_42", "secret_thing": "never-shown"},
}
NOTE = "Seen on the site"


@pytest.fixture
def ends() -> list[tuple[str, str]]:
    """What the kind was told of ends: id and state."""
    return []


@pytest.fixture
def doubtful(
    team: Team, alice: User, gateway: Gateway, make_kind: MakeKind, ends: list[tuple[str, str]]
) -> Operation:
    """An operation of alice's in review; its kind cannot look for itself."""
    kind = make_kind(lambda work: None, on_end=lambda row: ends.append((str(row.pk), row.state)))
    return in_review(team, alice, gateway, kind)


def in_review(team: Team, actor: User, gateway: Gateway, kind: str) -> Operation:
    return OperationFactory.create(
        team=team,
        actor=actor,
        gateway=gateway,
        kind=kind,
        title="Deploy of tidepool",
        state=State.WAITING,
        reason=Reason.REVIEW,
        started_at=timezone.now(),
        error=ERROR,
        checkpoints={"plan_id": "pln_7"},
    )


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


# --- The page ---


@pytest.fixture
def web(client_as: ClientAs, alice: User) -> Client:
    """alice's browser."""
    return client_as(alice)


def test_the_page_says_why_and_offers_what_can_be_done(
    web: Client, doubtful: Operation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    web.get(f"/activity/{doubtful.pk}")
    with django_assert_max_num_queries(12):
        shown = web.get(f"/activity/{doubtful.pk}").content.decode()
    for words in (
        "Outcome unknown",
        "The connection broke.",
        "It is not repeated by itself.",
        "Nobody knows whether it happened: doing it again could do it twice.",
        "op_42",
        "pln_7",
        doubtful.idempotency_key,
        f'action="/activity/{doubtful.pk}/resume"',
        f'action="/activity/{doubtful.pk}/mark"',
    ):
        assert words in shown
    for words in ("/inspect", "/cancel", "never-shown"):
        assert words not in shown


def test_a_viewer_reads_why_and_can_do_nothing(client_as: ClientAs, dora: User, doubtful: Operation) -> None:
    viewer = client_as(dora)
    shown = viewer.get(f"/activity/{doubtful.pk}").content.decode()
    assert "Nobody knows whether it happened" in shown
    assert not any(words in shown for words in ("/resume", "/inspect", "/mark", "pln_7"))
    for what in ("resume", "inspect", "mark"):
        sent = viewer.post(f"/activity/{doubtful.pk}/{what}", {"outcome": "done", "note": NOTE})
        assert sent.status_code == 403
    assert state_of(doubtful) == ("waiting", "review")


def test_the_form_marks_it(web: Client, doubtful: Operation) -> None:
    answer = web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "failed", "note": NOTE})
    assert (answer.status_code, answer["Location"]) == (302, f"/activity/{doubtful.pk}")
    assert state_of(doubtful) == ("failed", "")


def test_the_form_says_what_is_missing(web: Client, doubtful: Operation) -> None:
    answer = web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "done", "note": " "}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Say in a note how you know what became of it."
    ]
    assert web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "maybe", "note": NOTE}).status_code == 400
    assert state_of(doubtful) == ("waiting", "review")


def test_the_way_back_stays_in_the_panel(web: Client, doubtful: Operation) -> None:
    back = {"next": "https://evil.example.com/"}
    answer = web.post(f"/activity/{doubtful.pk}/resume", back)
    assert answer["Location"] == f"/activity/{doubtful.pk}"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Payment.State.RESERVED, "marking it frees what was set aside"),
        (Payment.State.UNKNOWN, "it counts against the limits until the chain tells"),
        (Payment.State.SETTLED, "marking changes nothing about it"),
    ],
)
def test_the_page_says_what_happens_with_the_money(
    web: Client, doubtful: Operation, alice: User, gateway: Gateway, state: str, words: str
) -> None:
    wallet = WalletFactory.create(team=doubtful.team, owner=alice, gateway=gateway)
    payment = PaymentFactory.create(wallet=wallet, operation_id=doubtful.pk, state=state)
    shown = web.get(f"/activity/{doubtful.pk}").content.decode()
    assert words in shown
    assert f'href="/payments/{payment.pk}"' in shown


def test_the_page_loads_anew_when_it_comes_into_review_or_out_of_it(web: Client, doubtful: Operation) -> None:
    events = f"/activity/{doubtful.pk}/events"
    inside, outside = web.get(f"{events}?review=1"), web.get(events)
    assert (inside.status_code, outside.status_code) == (200, 286)
    assert b"operation-now" not in inside.content
    assert b"review=1" in inside.content
    Operation.objects.update(state=State.QUEUED, reason="")
    inside, outside = web.get(f"{events}?review=1"), web.get(events)
    assert (inside.status_code, outside.status_code) == (286, 200)


def test_home_leads_to_it(web: Client, doubtful: Operation) -> None:
    Operation.objects.update(subject_url="/elsewhere")
    shown = web.get("/").content.decode()
    assert "nobody knows what became of it" in shown
    assert f'href="/activity/{doubtful.pk}"' in shown
