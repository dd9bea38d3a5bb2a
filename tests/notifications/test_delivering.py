"""Webhooks: signed, sent by the worker to a real receiver, tried again, logged, and never a secret in sight."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from core import happenings
from core.errors import Refusal
from notifications import delivering, services
from notifications.delivering import PAUSES, TRIES, deliver_due
from notifications.models import Delivery, Hook, Notice
from operations import wake
from teams.models import Membership, Role, Team, User
from teams.permissions import NotAllowed
from tests.notifications.conftest import AddHook, Happened
from tests.notifications.receiver import Receiver
from wallets import vault

pytestmark = pytest.mark.django_db


def now() -> tuple[str, int, int | None, str]:
    """Return state, attempts, status and error of the one delivery."""
    row = Delivery.objects.get()
    return row.state, row.attempts, row.status, row.error


# --- What arrives ---


def test_a_message_arrives_once_and_its_signature_holds(
    add_hook: AddHook, receiver: Receiver, happened: Happened, team: Team
) -> None:
    _hook, secret = add_hook()
    happenings.tell(happened(text="Look.", detail="inside only"))
    assert (deliver_due(), deliver_due()) == (1, 0)
    [message] = receiver.messages
    delivery = Delivery.objects.get()
    assert message.path == "/hooks/token-very-secret"
    assert message.document | {"at": ""} == {
        "id": str(delivery.pk),
        "event": "payment.unknown",
        "at": "",
        "team": {"id": str(team.pk), "name": "Halden"},
        "object": "thing",
        "title": "It happened",
        "text": "Look.",
        "url": "http://localhost:8000/wallets/",
    }
    stamp, given = (part.partition("=")[2] for part in message.headers["x-run402-signature"].split(","))
    expected = hmac.new(secret.encode(), f"{stamp}.".encode() + message.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(given, expected)
    assert abs(int(stamp) - timezone.now().timestamp()) < 5
    assert message.headers["x-run402-delivery"] == str(delivery.pk)
    assert (now(), delivery.answer) == (("sent", 1, 200, ""), "ok")


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("slack", {"text": "&lt;!channel&gt; &amp; co (Halden)\nhttp://localhost:8000/wallets/"}),
        (
            "discord",
            {
                "content": "<!channel> & co (Halden)\nhttp://localhost:8000/wallets/",
                "allowed_mentions": {"parse": []},
            },
        ),
    ],
)
def test_a_chat_gets_a_line_that_calls_nobody(
    add_hook: AddHook, receiver: Receiver, happened: Happened, form: str, document: dict[str, object]
) -> None:
    _hook, secret = add_hook(form)
    happenings.tell(happened(title="<!channel> & co"))
    deliver_due()
    [message] = receiver.messages
    assert (secret, message.document) == ("", document)
    assert "x-run402-signature" not in message.headers


def test_only_chosen_events_of_its_own_team_reach_a_webhook(
    add_hook: AddHook, happened: Happened, charlie: User
) -> None:
    add_hook(events=("deploy.live",))
    happenings.tell(happened("payment.unknown"))
    happenings.tell(happened("deploy.live", team_id=charlie.memberships.get().team_id))
    assert not Delivery.objects.exists()
    happenings.tell(happened("deploy.live"))
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_wakes_the_worker_with_a_message_that_holds_nothing(
    add_hook: AddHook, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(wake, "post", lambda *message: sent.append(message))
    add_hook()
    happenings.tell(happened())
    assert sent == [("notifications.deliver", "sync")]


# --- Trouble ---


def test_a_receiver_that_is_down_is_tried_for_a_day(
    add_hook: AddHook, receiver: Receiver, happened: Happened
) -> None:
    receiver.statuses = [500] * (TRIES - 1) + [503]
    add_hook()
    happenings.tell(happened())
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for attempt, pause in enumerate(PAUSES, 1):
            assert deliver_due() == 0
            assert now() == ("queued", attempt, 500, "The receiver answered 500.")
            wait = (Delivery.objects.get().not_before - timezone.now()).total_seconds()
            assert pause <= wait <= pause * 1.1
            assert deliver_due() == 0
            clock.shift(wait)
        deliver_due()
        assert timezone.now() - start < timedelta(hours=24)
    assert now() == ("failed", TRIES, 503, "The receiver answered 503.")
    assert len({message.headers["x-run402-delivery"] for message in receiver.messages}) == 1
    assert len({message.body for message in receiver.messages}) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (410, "The receiver wants nothing more of it (410)."),
        (302, "The receiver answered with a redirect. Give the webhook the final address."),
    ],
)
def test_what_will_never_work_is_not_tried_again(
    add_hook: AddHook, receiver: Receiver, happened: Happened, status: int, said: str
) -> None:
    receiver.statuses = [status]
    add_hook()
    happenings.tell(happened())
    deliver_due()
    assert now() == ("failed", 1, status, said)
    assert len(receiver.messages) == 1


def test_a_receiver_that_is_not_there_holds_up_no_other(
    add_hook: AddHook, receiver: Receiver, happened: Happened, settings: Settings
) -> None:
    settings.OUTGOING_ALLOW |= {"http://127.0.0.1:1"}
    dead, _secret = add_hook(name="Dead", url="http://127.0.0.1:1/x")
    add_hook(name="Alive")
    for occurrence in ("1", "2"):
        happenings.tell(happened(occurrence=occurrence))
    assert deliver_due() == 2
    attempts = sorted(Delivery.objects.filter(hook=dead).values_list("attempts", flat=True))
    assert attempts == [0, 1]
    with time_machine.travel(timezone.now() + timedelta(seconds=delivering.HOLD_SECONDS + 1)):
        deliver_due()
    assert sorted(Delivery.objects.filter(hook=dead).values_list("attempts", flat=True)) == [1, 1]


def test_a_worker_that_died_while_sending_repeats_under_the_same_id(
    add_hook: AddHook, receiver: Receiver, happened: Happened
) -> None:
    add_hook()
    happenings.tell(happened())
    delivery = delivering.claim()
    assert delivery is not None
    delivering._post(delivery)  # it was sent, and nobody wrote that down
    assert deliver_due() == 0
    with time_machine.travel(timezone.now() + timedelta(seconds=PAUSES[0] * 2)):
        assert deliver_due() == 1
    first, second = receiver.messages
    assert first.headers["x-run402-delivery"] == second.headers["x-run402-delivery"]
    assert first.body == second.body


def test_an_address_that_is_not_allowed_any_more_is_not_called(
    add_hook: AddHook, receiver: Receiver, happened: Happened, settings: Settings
) -> None:
    add_hook()
    settings.OUTGOING_ALLOW = frozenset()
    happenings.tell(happened())
    deliver_due()
    assert now()[:2] == ("failed", 1)
    assert now()[3].startswith("The panel does not call this address.")
    assert receiver.messages == []


def test_without_the_private_keyset_it_waits(
    add_hook: AddHook, receiver: Receiver, happened: Happened, settings: Settings
) -> None:
    add_hook()
    happenings.tell(happened())
    settings.VAULT_PRIVATE_KEYSET = ""
    deliver_due()
    assert now()[:2] == ("queued", 1)
    assert receiver.messages == []


def test_an_address_moved_to_another_webhook_does_not_open(
    add_hook: AddHook, receiver: Receiver, happened: Happened
) -> None:
    hook, _ = add_hook()
    other, _ = add_hook(name="Other")
    Hook.objects.filter(pk=hook.pk).update(url_sealed=other.url_sealed, secret_sealed=other.secret_sealed)
    happenings.tell(happened())
    assert deliver_due() == 1
    assert len(receiver.messages) == 1


@pytest.mark.parametrize("answer", [b"no hook at /hooks/token-very-secret", b"x" * 5000])
def test_the_log_keeps_little_of_an_answer_and_nothing_of_the_address(
    add_hook: AddHook, receiver: Receiver, happened: Happened, answer: bytes
) -> None:
    receiver.answer = answer
    add_hook()
    happenings.tell(happened())
    deliver_due()
    kept = Delivery.objects.get().answer
    assert kept in ("(not kept: it repeats the address)", "x" * 200)


def test_two_workers_send_it_once(add_hook: AddHook, receiver: Receiver, happened: Happened) -> None:
    add_hook()
    happenings.tell(happened())
    delivery = delivering.claim()
    cache.delete(delivering.TURN)
    assert (deliver_due(), delivery is not None) == (0, True)
    assert receiver.messages == []


# --- What people do with webhooks ---


def test_nothing_of_address_and_secret_is_kept_in_clear(add_hook: AddHook, receiver: Receiver) -> None:
    hook, secret = add_hook()
    hook.refresh_from_db()
    kept = b"".join(bytes(str(value), "utf-8") for value in Hook.objects.values_list().get())
    assert b"very-secret" not in kept + bytes(hook.url_sealed) + bytes(hook.secret_sealed)
    assert secret.encode() not in kept + bytes(hook.secret_sealed)
    assert hook.address == receiver.origin
    assert "very-secret" not in str(list(Event.objects.values_list("details", flat=True)))


def test_web_cannot_read_what_it_sealed(add_hook: AddHook, settings: Settings) -> None:
    hook, _secret = add_hook()
    settings.VAULT_PRIVATE_KEYSET = ""
    with pytest.raises(vault.Locked):
        vault.unseal(bytes(hook.secret_sealed), vault.Context("notifications_hook", str(hook.pk), "secret"))


def test_a_new_secret_signs_from_now_on(add_hook: AddHook, receiver: Receiver, alice: User) -> None:
    hook, old = add_hook()
    new = services.new_secret(hook=hook, actor=alice)
    services.send_test(hook=hook, actor=alice)
    deliver_due()
    [message] = receiver.messages
    stamp, given = (part.partition("=")[2] for part in message.headers["x-run402-signature"].split(","))
    digests = [
        hmac.new(each.encode(), f"{stamp}.".encode() + message.body, hashlib.sha256).hexdigest()
        for each in (old, new)
    ]
    assert (given == digests[0], given == digests[1]) == (False, True)
    assert message.document["event"] == "test"


def test_sent_again_is_the_same_message(
    add_hook: AddHook, receiver: Receiver, happened: Happened, alice: User
) -> None:
    add_hook()
    happenings.tell(happened())
    deliver_due()
    delivery = Delivery.objects.select_related("hook__team").get()
    services.resend(delivery=delivery, actor=alice)
    with pytest.raises(Refusal, match="being sent already"):
        services.resend(delivery=delivery, actor=alice)
    assert deliver_due() == 1
    first, second = receiver.messages
    assert (first.body, first.headers["x-run402-delivery"]) == (
        second.body,
        second.headers["x-run402-delivery"],
    )


def test_what_is_off_is_sent_nothing(
    add_hook: AddHook, receiver: Receiver, happened: Happened, alice: User
) -> None:
    hook, _secret = add_hook()
    happenings.tell(happened())
    services.switch_hook(hook=hook, actor=alice, on=False)
    happenings.tell(happened(occurrence="2"))
    assert deliver_due() == 0
    assert now() == ("failed", 0, None, "The webhook was turned off.")
    hook.refresh_from_db()
    with pytest.raises(Refusal, match="Turn it on first"):
        services.send_test(hook=hook, actor=alice)
    services.switch_hook(hook=hook, actor=alice, on=True)
    happenings.tell(happened(occurrence="3"))
    assert deliver_due() == 1


def test_each_change_is_recorded_and_owners_hear_of_new_addresses(
    add_hook: AddHook, alice: User, receiver: Receiver
) -> None:
    hook, _secret = add_hook()
    services.change_hook(hook=hook, actor=alice, draft=services.HookDraft("Renamed", ("deploy.live",)))
    moved = services.HookDraft("Renamed", ("deploy.live",), url=f"{receiver.origin}/other-place")
    services.change_hook(hook=hook, actor=alice, draft=moved)
    services.new_secret(hook=hook, actor=alice)
    services.switch_hook(hook=hook, actor=alice, on=False)
    services.remove_hook(hook=hook, actor=alice)
    actions = Event.objects.filter(object_type="hook").order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        "hook.added",
        "hook.changed",
        "hook.changed",
        "hook.secret_replaced",
        "hook.turned_off",
        "hook.removed",
    ]
    titles = Notice.objects.filter(person=alice, event="security").order_by("created_at")
    assert list(titles.values_list("title", flat=True)) == [
        "Alice added the webhook “Chat”",
        "Alice gave the webhook “Renamed” another address",
    ]


@pytest.mark.parametrize("url", ["http://hooks.example.com/x", "https://10.0.0.1/x", "https://localhost/x"])
def test_an_address_that_the_guard_refuses_is_not_kept(add_hook: AddHook, url: str) -> None:
    with pytest.raises(Refusal, match="does not call this address"):
        add_hook(url=url)
    assert not Hook.objects.exists()


def test_services_ask_for_the_right_again(add_hook: AddHook, bob: User, charlie: User, team: Team) -> None:
    hook, _secret = add_hook()
    for actor in (bob, charlie):
        with pytest.raises(NotAllowed):
            services.send_test(hook=hook, actor=actor)
        with pytest.raises(NotAllowed):
            services.new_secret(hook=hook, actor=actor)
    Membership.objects.filter(user=bob, team=team).update(role=Role.ADMIN)
    services.send_test(hook=hook, actor=bob)
