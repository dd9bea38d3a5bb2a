"""Who is told of what: by operations that end or wait, by rows that are watched, once each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.record import SYSTEM
from core import happenings
from core.errors import Refusal
from core.happenings import tellers
from core.registry import outcome_listeners, retentions
from notifications import services, watch
from notifications.models import Delivery, Mail, Notice
from operations import approvals, queue, runner
from operations.models import Approval, Operation, Reason, State
from operations.registry import DEPLOYS, kinds
from operations.registry import kind as register_kind
from operations.work import Wait, Work
from teams.models import Membership, Role, Scope, Team, User
from teams.permissions import Action
from tests.factories import MembershipFactory, PaymentFactory, UserFactory, WalletFactory
from tests.fixtures import RunOperations
from tests.notifications.conftest import AddHook, Happened
from tests.notifications.receiver import Receiver
from wallets import halts
from wallets.models import Gateway, Halt, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA

pytestmark = pytest.mark.django_db


PLAY = {"network": BASE_SEPOLIA}


def told() -> list[tuple[str, str]]:
    """Return who was told of what."""
    rows = Notice.objects.order_by("person__email", "created_at")
    return [(row.person.email.partition("@")[0], row.event) for row in rows.select_related("person")]


def ends(work: Work) -> Mapping[str, Any]:
    """A handler that does as its arguments say."""
    how = work.args.get("how")
    if how == "refuse":
        raise Refusal("NO_ROOM", "There is no room for secret-plan.")
    if how == "crash":
        raise ZeroDivisionError
    if how in Reason.values:
        raise Wait(Reason(how), "Somebody has to decide.")
    return {}


@pytest.fixture(autouse=True)
def _kinds() -> Any:
    for name, options in {
        "test.deploy": {"queue": DEPLOYS},
        "test.quick": {},
        "test.refresh": {"audited": False},
    }.items():
        register_kind(name, name, action=Action.DEPLOY, **options)(ends)  # type: ignore[arg-type]
    yield
    for name in ("test.deploy", "test.quick", "test.refresh"):
        del kinds._entries[name]


def run(
    team: Team, actor: User | None, gateway: Gateway, kind: str = "test.quick", how: str = ""
) -> Operation:
    """Have an operation run to where it rests."""
    request = queue.Request(
        kind=kind, title="Do it", team=team, gateway=gateway, actor=actor, args={"how": how}
    )
    operation = queue.submit(request)
    for each in ("interactive", DEPLOYS):
        runner.run_due(each)
    operation.refresh_from_db()
    return operation


# --- Operations ---


@pytest.mark.parametrize(
    ("kind", "how", "expected"),
    [
        ("test.quick", "refuse", [("bob", "operation.failed")]),
        ("test.quick", "crash", [("bob", "operation.failed")]),
        ("test.quick", "funds", [("bob", "operation.waiting")]),
        ("test.quick", "confirmation", []),
        ("test.quick", "approval", [("alice", "approval.needed")]),
        ("test.deploy", "", [("bob", "deploy.live")]),
        ("test.quick", "", []),
        ("test.refresh", "refuse", []),
    ],
)
def test_an_operation_tells_who_asked_or_who_decides(
    team: Team,
    alice: User,
    bob: User,
    dora: User,
    charlie: User,
    gateway: Gateway,
    kind: str,
    how: str,
    expected: list[tuple[str, str]],
) -> None:
    run(team, bob, gateway, kind, how)
    assert told() == expected


def test_a_notice_leads_to_the_operation_and_says_why(team: Team, bob: User, gateway: Gateway) -> None:
    operation = run(team, bob, gateway, how="refuse")
    notice = Notice.objects.get()
    assert (notice.title, notice.url) == ("Failed: Do it", f"/activity/{operation.pk}")
    assert notice.text == "It failed (NO_ROOM). There is no room for secret-plan."


def test_what_the_panel_does_by_itself_is_nobodys_business(team: Team, bob: User, gateway: Gateway) -> None:
    run(team, None, gateway, how="refuse")
    assert told() == []


def test_who_waits_twice_is_told_twice_and_never_more(team: Team, bob: User, gateway: Gateway) -> None:
    operation = run(team, bob, gateway, how="funds")
    queue.decide(operation, actor=bob, checkpoints={}, message="Again")
    runner.run_due("interactive")
    assert told() == [("bob", "operation.waiting"), ("bob", "operation.waiting")]
    operation.refresh_from_db()
    for listener in outcome_listeners:
        listener(operation)
    assert len(told()) == 2


def test_who_goes_away_without_confirming_is_told_after_a_while(
    team: Team, bob: User, gateway: Gateway
) -> None:
    operation = run(team, bob, gateway, how="confirmation")
    assert watch.look() == 0
    operation.events.update(at=timezone.now() - watch.AWAY_AFTER)
    assert (watch.look(), watch.look(), told()) == (1, 0, [("bob", "operation.waiting")])


@pytest.mark.parametrize("end", ["decline", "approve"])
def test_what_was_decided_is_nobodys_news_any_more(
    team: Team, alice: User, bob: User, gateway: Gateway, end: str
) -> None:
    operation = run(team, bob, gateway, how="approval")
    Operation.objects.filter(pk=operation.pk).update(args={})
    until = timezone.now() + timedelta(hours=1)
    request = Approval.objects.create(
        operation=operation, digest="0" * 64, expires_at=until, mac=b"-", document=PLAY
    )
    if end == "approve":
        approvals.approve(operation=operation, actor=alice, digest=request.digest)
    else:
        approvals.decline(operation=operation, actor=alice, why="No.")
    runner.run_due("interactive")
    operation.refresh_from_db()
    assert operation.is_final
    assert not Notice.objects.filter(event="approval.needed", read_at=None).exists()


def test_a_listener_with_a_bug_takes_back_its_own_rows_only(
    team: Team, bob: User, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(operation: Operation) -> None:
        Notice.objects.create(person=bob, event="deploy.live", object_id="half", title="Half")
        raise ZeroDivisionError

    monkeypatch.setitem(outcome_listeners._entries, "broken", broken)
    operation = run(team, bob, gateway, "test.deploy")
    assert (operation.state, operation.error) == (State.SUCCEEDED, {})
    assert told() == [("bob", "deploy.live")]
    assert not Notice.objects.filter(object_id="half").exists()


def test_a_worker_that_vanished_for_good_is_told(team: Team, bob: User, gateway: Gateway) -> None:
    operation = queue.submit(
        queue.Request(kind="test.quick", title="Do it", team=team, gateway=gateway, actor=bob)
    )
    Operation.objects.filter(pk=operation.pk).update(
        state=State.RUNNING, fence=9, attempts=9, lease_until=timezone.now() - timedelta(minutes=5)
    )
    runner.sweep(operation.queue)
    assert told() == [("bob", "operation.failed")]


# --- Who ---


def test_only_who_has_the_right_and_reaches_it_is_told(
    team: Team, alice: User, bob: User, dora: User, charlie: User, gateway: Gateway, happened: Happened
) -> None:
    near, far = (WalletFactory.create(team=team, gateway=gateway, owner=alice) for _ in range(2))
    biller = MembershipFactory.create(
        team=team, user=UserFactory.create(email="erin@example.com"), role=Role.BILLING, wallets_limited=True
    )
    Scope.objects.create(membership=biller, kind=Scope.Kind.WALLET, object_id=near.pk)
    happenings.tell(happened(object_id="far", wallet_id=far.pk))
    assert told() == [("alice", "payment.unknown")]
    happenings.tell(happened(object_id="near", wallet_id=near.pk))
    assert told() == [("alice", "payment.unknown")] * 2 + [("erin", "payment.unknown")]


def test_who_left_or_was_locked_out_is_not_told(
    team: Team, alice: User, bob: User, happened: Happened
) -> None:
    Membership.objects.filter(user=bob).delete()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    happenings.tell(happened("operation.failed", people=frozenset({alice.pk, bob.pk})))
    assert told() == []


def test_what_concerns_the_instance_is_told_to_its_operators(
    team: Team, alice: User, charlie: User, happened: Happened
) -> None:
    User.objects.filter(pk=charlie.pk).update(is_operator=True)
    happenings.tell(happened("instance.trouble", team_id=None))
    assert told() == [("charlie", "instance.trouble")]


def test_nobody_is_told_twice(team: Team, alice: User, happened: Happened, add_hook: AddHook) -> None:
    add_hook()
    Notice.objects.all().delete()
    for occurrence in ("1", "1", "2"):
        happenings.tell(happened(occurrence=occurrence))
    assert told() == [("alice", "payment.unknown")] * 2
    assert Delivery.objects.count() == 2


def test_a_teller_with_a_bug_harms_nobody(
    team: Team, alice: User, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(happening: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(tellers._entries, "broken", broken)
    happenings.tell(happened())
    happenings.tell(happened("no.such.event"))
    assert told() == [("alice", "payment.unknown")]


# --- Mail ---


@pytest.fixture
def mails(settings: Settings, keysets: None) -> None:
    settings.MAIL_FROM = "panel@example.com"


def test_a_mail_is_sent_by_default_or_by_ones_own_rule(
    mails: None, team: Team, alice: User, bob: User, happened: Happened
) -> None:
    happenings.tell(happened("operation.failed", people=frozenset({alice.pk, bob.pk})))
    happenings.tell(happened("deploy.live", people=frozenset({alice.pk, bob.pk})))
    assert sorted(Mail.objects.values_list("to", flat=True)) == ["alice@example.com", "bob@example.com"]
    services.set_mail_rules(person=alice, wanted=["deploy.live"])
    Mail.objects.all().delete()
    for event in ("operation.failed", "deploy.live"):
        happenings.tell(happened(event, occurrence="2", people=frozenset({alice.pk, bob.pk})))
    assert list(Mail.objects.order_by("to").values_list("to", "subject")) == [
        ("alice@example.com", "It happened"),
        ("bob@example.com", "It happened"),
    ]
    assert Notice.objects.count() == 8


def test_a_happening_with_a_letter_of_its_own_is_not_mailed_again(
    mails: None, team: Team, alice: User, happened: Happened
) -> None:
    happenings.tell(happened("security", mailed=True))
    assert (told(), Mail.objects.count()) == ([("alice", "security")], 0)


# --- What is watched ---


def test_what_is_watched_is_told_once(team: Team, alice: User, bob: User, gateway: Gateway) -> None:
    now = timezone.now()
    wallet = WalletFactory.create(
        team=team,
        gateway=gateway,
        owner=alice,
        tier_active=True,
        lease_expires_at=now + timedelta(days=2),
    )
    WalletFactory.create(
        team=team, gateway=gateway, owner=alice, tier_active=True, lease_expires_at=now + timedelta(days=4)
    )
    payment = PaymentFactory.create(wallet=wallet, state=Payment.State.UNKNOWN)
    assert (watch.look(), watch.look()) == (2, 0)
    assert sorted(told()) == [("alice", "lease.ending"), ("alice", "payment.unknown")]
    assert Notice.objects.get(event="payment.unknown").url == f"/payments/{payment.pk}"


def test_a_renewed_tier_is_told_of_when_it_ends_again(team: Team, alice: User, gateway: Gateway) -> None:
    ends = timezone.now() + timedelta(days=1)
    WalletFactory.create(team=team, gateway=gateway, owner=alice, tier_active=True, lease_expires_at=ends)
    watch.look()
    Wallet.objects.update(lease_expires_at=ends + timedelta(days=1))
    assert watch.look() == 1
    assert told() == [("alice", "lease.ending")] * 2


def test_a_stop_is_told_to_every_member_once_when_it_is_made_and_once_when_it_is_lifted(
    team: Team, alice: User, bob: User, charlie: User, gateway: Gateway
) -> None:
    halt = halts.stop(actor=alice.actor, why="A key leaked", team=team)
    assert (watch.look(), watch.look(), told()) == (1, 0, [("alice", "halt"), ("bob", "halt")])
    notice = Notice.objects.get(person=bob)
    assert (notice.title, notice.url) == ("Halden was stopped by Alice", "/stops")
    assert "A key leaked" in notice.text
    halts.lift(halt, actor=alice.actor)
    assert (watch.look(), watch.look()) == (1, 0)
    assert Notice.objects.get(person=bob, occurrence="lifted").title == "Halden was resumed by Alice"
    Halt.objects.update(lifted_at=timezone.now() - timedelta(days=2))
    Notice.objects.all().delete()
    assert watch.look() == 0


def test_of_a_stopped_gateway_hear_operators_and_teams_with_wallets_there(
    team: Team, alice: User, bob: User, charlie: User, gateway: Gateway
) -> None:
    User.objects.filter(pk=charlie.pk).update(is_operator=True)
    WalletFactory.create(team=team, gateway=gateway, owner=alice)
    halts.stop(actor=charlie.actor, why="Moving", gateway=gateway)
    watch.look()
    assert told() == [("alice", "halt"), ("bob", "halt"), ("charlie", "halt")]
    assert Notice.objects.get(person=charlie).url == "/instance/stops"


def test_everything_stopped_is_told_to_every_team(
    team: Team, alice: User, charlie: User, gateway: Gateway
) -> None:
    halts.stop(actor=SYSTEM, why="of yesterday", cause=Halt.Cause.RESTORED)
    watch.look()
    assert told() == [("alice", "halt"), ("charlie", "halt")]
    title = "This instance was restored from a backup and is paused"
    assert set(Notice.objects.values_list("title", flat=True)) == {title}


def test_who_operates_and_is_in_two_teams_hears_once_that_everything_is_stopped(
    team: Team, alice: User, bob: User, charlie: User, add_hook: AddHook
) -> None:
    MembershipFactory.create(team=charlie.memberships.get().team, user=alice, role=Role.VIEWER)
    MembershipFactory.create(team=charlie.memberships.get().team, user=bob, role=Role.VIEWER)
    User.objects.filter(pk=alice.pk).update(is_operator=True)
    add_hook()  # which is told to owners, too

    def heard() -> list[str]:
        return [name for name, event in told() if event == "halt"]

    halt = halts.stop(actor=SYSTEM, why="of yesterday", cause=Halt.Cause.RESTORED)
    watch.look()
    watch.look()
    assert heard() == ["alice", "bob", "charlie"]
    assert Notice.objects.get(person=alice, event="halt").url == "/instance/stops"
    halts.lift(halt, actor=alice.actor)
    watch.look()
    watch.look()
    assert heard() == ["alice", "alice", "bob", "bob", "charlie", "charlie"]
    assert Delivery.objects.filter(event="halt").count() == 2


def test_what_was_read_long_ago_is_forgotten(team: Team, alice: User, happened: Happened) -> None:
    for occurrence in ("read", "unread", "new"):
        happenings.tell(happened(occurrence=occurrence))
    old = timezone.now() - timedelta(days=200)
    Notice.objects.exclude(occurrence="new").update(created_at=old)
    Notice.objects.filter(occurrence="read").update(read_at=old)
    retentions.get("notices").sweep()
    assert sorted(Notice.objects.values_list("occurrence", flat=True)) == ["new", "unread"]


def test_receivers_get_no_details(
    team: Team,
    bob: User,
    gateway: Gateway,
    add_hook: AddHook,
    receiver: Receiver,
    run_operations: RunOperations,
) -> None:
    add_hook()
    run(team, bob, gateway, how="refuse")
    body = Delivery.objects.get().body
    assert "NO_ROOM" in body
    assert "secret-plan" not in body
