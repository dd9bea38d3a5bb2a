"""A passkey's word for one operation. Somebody who controls web, rows included, can do none of what stands here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from audit.models import Event
from audit.record import SYSTEM
from billing.passkeys import read
from core.errors import Refusal
from operations import consent, queue, runner
from operations.models import Operation, Reason, State
from operations.registry import Guard
from teams.models import Membership, Role, Team, User
from teams.permissions import Action
from tests.factories import WalletFactory
from tests.fixtures import ClientAs, RunOperations
from tests.operations.conftest import MakeKind, Submit
from tests.passkeys import SoftPasskey
from wallets import passkeys
from wallets.models import Gateway, TrustedPasskey, Wallet

pytestmark = pytest.mark.django_db

Trusted = Callable[..., SoftPasskey]
Finish = Callable[..., Operation]


@pytest.fixture
def guarded(make_kind: MakeKind) -> str:
    """A kind that a passkey guards; its handler says that it was done."""
    return make_kind(
        lambda work: {"done": True},
        action=Action.WALLET_RAISE,
        guard=Guard.PASSKEY,
        statement=lambda operation: [("Amount", str(operation.args.get("amount", "")))],
    )


@pytest.fixture
def trusted(keysets: None) -> Trusted:
    """Return a function that gives somebody a passkey that may confirm now."""

    def make(user: User) -> SoftPasskey:
        passkey, membership = (
            SoftPasskey(user),
            Membership.objects.select_related("team", "user").get(user=user),
        )
        passkeys.allow_first(membership.team, user, actor=SYSTEM)
        passkeys.trust(membership, read(passkey.register(quietly=True)), actor=user.actor)
        return passkey

    return make


@pytest.fixture
def wallet(team: Team, alice: User, gateway: Gateway) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, owner=alice, gateway=gateway)
    return made


@pytest.fixture
def asked(guarded: str, submit: Submit, wallet: Wallet) -> Operation:
    """An operation that waits for alice's passkey."""
    return submit(guarded, args={"amount": 5}, wallet=wallet)


@pytest.fixture
def finish(run_operations: RunOperations) -> Finish:
    """Return a function that gives an assertion, whatever it is, and lets the worker judge it."""

    def judge(operation: Operation, actor: User, assertion: dict[str, Any]) -> Operation:
        consent.give(operation, actor=actor, assertion=assertion)
        run_operations()
        operation.refresh_from_db()
        return operation

    return judge


def put_in_line(operation: Operation, **fields: Any) -> None:
    """Do what somebody with the database in their hands could."""
    Operation.objects.filter(pk=operation.pk).update(state=State.QUEUED, reason="", **fields)


def outcome(operation: Operation) -> str:
    operation.refresh_from_db()
    return operation.error["code"] if operation.state == State.FAILED else operation.state


# --- The way it goes ---


def test_a_guarded_operation_waits_for_its_asker(asked: Operation, run_operations: RunOperations) -> None:
    run_operations()
    asked.refresh_from_db()
    assert (asked.state, asked.reason, asked.awaits_consent) == (State.WAITING, Reason.CONFIRMATION, True)
    assert consent.statement(asked) == [("Amount", "5")]


def test_it_is_done_when_the_passkey_has_confirmed_it(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish
) -> None:
    passkey = trusted(alice)
    done = finish(asked, alice, passkey.confirm(asked))
    assert (done.state, done.result) == (State.SUCCEEDED, {"done": True})
    row = TrustedPasskey.objects.get()
    assert (row.sign_count, row.used_for) == (1, asked.pk)
    actions = list(Event.objects.filter(object_id=str(asked.pk)).values_list("action", flat=True))
    assert sorted(actions) == ["operation.confirmed", "operation.requested", "operation.succeeded"]


def test_a_passkey_without_a_counter_confirms_again_and_again(
    guarded: str, submit: Submit, alice: User, trusted: Trusted, finish: Finish
) -> None:
    passkey = trusted(alice)
    for _ in range(2):
        operation = submit(guarded)
        assert finish(operation, alice, passkey.confirm(operation, count=0)).state == State.SUCCEEDED


def test_a_worker_that_died_goes_on_although_the_passkey_was_used_for_something_else_since(
    guarded: str, submit: Submit, alice: User, trusted: Trusted, finish: Finish, run_operations: RunOperations
) -> None:
    passkey = trusted(alice)
    first, second = submit(guarded), submit(guarded)
    for operation in (first, second):
        finish(operation, alice, passkey.confirm(operation))
    Operation.objects.filter(pk=first.pk).update(
        state=State.QUEUED
    )  # it died before it said that it was done
    run_operations()
    assert (outcome(first), outcome(second)) == (State.SUCCEEDED, State.SUCCEEDED)


def test_a_mark_that_no_worker_made_for_it_does_not_spare_the_counter(
    guarded: str, submit: Submit, alice: User, trusted: Trusted, finish: Finish, run_operations: RunOperations
) -> None:
    passkey = trusted(alice)
    first, second = submit(guarded), submit(guarded)
    marked = finish(first, alice, passkey.confirm(first, count=7)).consent
    replayed = passkey.confirm(second, count=7)
    for mark in (marked[consent.SEEN], "00", "nonsense"):
        put_in_line(second, consent={**replayed, consent.SEEN: mark})
        run_operations()
        assert outcome(second) == "CONSENT_COUNTER"


def test_a_worker_that_died_does_not_make_a_person_confirm_twice(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish, run_operations: RunOperations
) -> None:
    finish(asked, alice, trusted(alice).confirm(asked))
    put_in_line(asked)
    run_operations()
    assert outcome(asked) == State.SUCCEEDED


def test_the_page_says_what_will_happen_and_takes_the_word(
    asked: Operation, alice: User, trusted: Trusted, client_as: ClientAs, run_operations: RunOperations
) -> None:
    import json

    passkey, browser = trusted(alice), client_as(alice)
    page = browser.get(consent.url(asked)).content.decode()
    assert "<dt>Amount</dt>" in page
    assert f'data-confirm-ids="{passkey.credential_id}"' in page
    answer = browser.post(consent.url(asked), {"assertion": json.dumps(passkey.confirm(asked))})
    assert answer["Location"] == f"/activity/{asked.pk}"
    run_operations()
    assert outcome(asked) == State.SUCCEEDED


# --- What the holder of web cannot do ---


def test_an_assertion_for_another_operation_is_refused(
    guarded: str, submit: Submit, asked: Operation, alice: User, trusted: Trusted, finish: Finish
) -> None:
    other = submit(guarded, args={"amount": 5})
    assert outcome(finish(asked, alice, trusted(alice).confirm(other))) == "CONSENT_OTHER"


def test_an_assertion_is_not_used_twice(
    guarded: str, submit: Submit, asked: Operation, alice: User, trusted: Trusted, finish: Finish
) -> None:
    assertion = trusted(alice).confirm(asked)
    finish(asked, alice, assertion)
    assert outcome(finish(submit(guarded, args={"amount": 5}), alice, assertion)) == "CONSENT_OTHER"


def test_nothing_is_changed_after_it_was_confirmed(
    asked: Operation, alice: User, trusted: Trusted, run_operations: RunOperations
) -> None:
    put_in_line(asked, consent=trusted(alice).confirm(asked), args={"amount": 6})
    run_operations()
    assert outcome(asked) == "CONSENT_OTHER"


def test_what_nobody_confirmed_is_refused_even_in_line(
    asked: Operation, alice: User, trusted: Trusted, run_operations: RunOperations
) -> None:
    trusted(alice)
    put_in_line(asked)
    run_operations()
    assert outcome(asked) == "CONSENT_MISSING"


def test_the_passkey_of_another_person_is_refused(
    asked: Operation, alice: User, bob: User, trusted: Trusted, finish: Finish
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert outcome(finish(asked, alice, trusted(bob).confirm(asked))) == "PASSKEY_UNKNOWN"


def test_the_passkey_of_another_team_is_refused(
    asked: Operation, alice: User, charlie: User, trusted: Trusted, run_operations: RunOperations
) -> None:
    passkey = trusted(charlie)
    Membership.objects.create(team=asked.team, user=charlie, role=Role.OWNER)
    Operation.objects.filter(pk=asked.pk).update(actor=charlie)
    asked.refresh_from_db()
    put_in_line(asked, consent=passkey.confirm(asked))
    run_operations()
    assert outcome(asked) == "PASSKEY_UNKNOWN"
    TrustedPasskey.objects.update(team=asked.team)
    put_in_line(asked, consent=passkey.confirm(asked))
    run_operations()
    assert outcome(asked) == "PASSKEY_NOT_GENUINE"


def test_a_passkey_written_past_the_worker_is_refused(
    asked: Operation, alice: User, team: Team, keysets: None, finish: Finish
) -> None:
    passkey = SoftPasskey(alice)
    found = read(passkey.register(quietly=True))
    TrustedPasskey.objects.create(
        team=team,
        user=alice,
        role=Role.OWNER,
        credential_id=found.credential_id,
        public_key=found.public_key,
        name="Mine",
        mac=b"\x01" * 37,
        eligible_from=timezone.now(),
    )
    assert outcome(finish(asked, alice, passkey.confirm(asked))) == "PASSKEY_NOT_GENUINE"


def test_a_passkey_that_owners_can_still_refuse_confirms_nothing(
    asked: Operation, alice: User, keysets: None, finish: Finish
) -> None:
    passkey = SoftPasskey(alice)
    membership = Membership.objects.select_related("team", "user").get(user=alice)
    passkeys.trust(membership, read(passkey.register(quietly=True)), actor=alice.actor)
    assert outcome(finish(asked, alice, passkey.confirm(asked))) == "PASSKEY_TOO_NEW"


def test_a_refused_passkey_confirms_nothing(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish
) -> None:
    passkey = trusted(alice)
    passkeys.revoke(TrustedPasskey.objects.all(), actor=alice.actor)
    assert outcome(finish(asked, alice, passkey.confirm(asked))) == "PASSKEY_UNKNOWN"


def test_a_member_made_owner_in_the_rows_confirms_nothing_as_one(
    guarded: str, submit: Submit, bob: User, trusted: Trusted, finish: Finish
) -> None:
    passkey = trusted(bob)
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    operation = submit(guarded, actor=bob)
    assert outcome(finish(operation, bob, passkey.confirm(operation))) == "PASSKEY_ROLE"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"origin": "https://panel.example.net"}, "CONSENT_ORIGIN"),
        ({"origin": "http://localhost:8001"}, "CONSENT_ORIGIN"),
        ({"rp_id": "example.net"}, "CONSENT_ORIGIN"),
        ({"verified": False}, "CONSENT_UNVERIFIED"),
        ({"kind": "webauthn.create"}, "CONSENT_UNREADABLE"),
    ],
    ids=["origin", "port", "host", "nobody verified", "registration"],
)
def test_a_confirmation_from_elsewhere_or_of_nobody_is_refused(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish, wrong: dict[str, Any], code: str
) -> None:
    assert outcome(finish(asked, alice, trusted(alice).confirm(asked, **wrong))) == code


def test_a_signature_of_another_key_is_refused(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish
) -> None:
    passkey, thief = trusted(alice), SoftPasskey(alice)
    thief.id = passkey.id
    assert outcome(finish(asked, alice, thief.confirm(asked))) == "CONSENT_SIGNATURE"


def test_a_counter_that_went_back_is_refused(
    guarded: str, submit: Submit, alice: User, trusted: Trusted, finish: Finish
) -> None:
    passkey = trusted(alice)
    first, second = submit(guarded), submit(guarded)
    finish(first, alice, passkey.confirm(first, count=7))
    assert outcome(finish(second, alice, passkey.confirm(second, count=7))) == "CONSENT_COUNTER"


def test_a_longer_time_than_the_panel_gives_is_refused(
    asked: Operation, alice: User, trusted: Trusted, run_operations: RunOperations
) -> None:
    Operation.objects.filter(pk=asked.pk).update(consent_until=timezone.now() + timedelta(days=1))
    asked.refresh_from_db()
    put_in_line(asked, consent=trusted(alice).confirm(asked))
    run_operations()
    assert outcome(asked) == "CONSENT_OTHER"


def test_a_process_with_webs_environment_runs_no_guarded_operation(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish, settings: Settings
) -> None:
    assertion = trusted(alice).confirm(asked)
    settings.POLICY_MAC_KEYSET = ""
    assert outcome(finish(asked, alice, assertion)) == "VAULT_LOCKED"


@pytest.mark.parametrize(
    "junk",
    [
        {"unreadable": True},
        {"id": 1, "rawId": [], "response": "x"},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {"id": "", "rawId": "", "type": "x", "response": {"clientDataJSON": "!", "authenticatorData": ""}},
    ],
    ids=["nothing", "types", "empty", "letters"],
)
def test_junk_is_refused_with_a_sentence(
    asked: Operation, alice: User, trusted: Trusted, finish: Finish, junk: dict[str, Any]
) -> None:
    trusted(alice)
    assert outcome(finish(asked, alice, junk)) == "CONSENT_UNREADABLE"


FIELDS = (
    "args",
    "consent_until",
    "kind",
    "wallet_id",
    "project_id",
    "subject_id",
    "actor_id",
    "team_id",
    "id",
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(field=st.sampled_from(FIELDS), data=st.data())
def test_one_byte_off_anywhere_is_another_digest(asked: Operation, field: str, data: st.DataObject) -> None:
    other = Operation.objects.get(pk=asked.pk)
    before = consent.digest(other)
    if field == "args":
        keys = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3)
        other.args = {**asked.args, **data.draw(keys)}
    elif field == "consent_until":
        assert asked.consent_until is not None
        other.consent_until = asked.consent_until + timedelta(microseconds=data.draw(st.integers(0, 10**9)))
    elif field == "kind":
        other.kind = asked.kind + data.draw(st.text(max_size=2))
    else:
        setattr(other, field, data.draw(st.uuids() | st.just(getattr(asked, field))))
    same = getattr(other, field) == getattr(asked, field)
    assert (consent.digest(other) == before) == same


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    place=st.integers(0, 10_000), bit=st.integers(0, 7), part=st.sampled_from(["signature", "data", "client"])
)
def test_one_bit_off_in_the_answer_is_refused(
    asked: Operation, alice: User, trusted: Trusted, place: int, bit: int, part: str
) -> None:
    from fido2.utils import websafe_decode, websafe_encode

    TrustedPasskey.objects.all().delete()
    assertion = trusted(alice).confirm(asked)
    name = {"signature": "signature", "data": "authenticatorData", "client": "clientDataJSON"}[part]
    raw = bytearray(websafe_decode(assertion["response"][name]))
    raw[place % len(raw)] ^= 1 << bit
    assertion["response"][name] = websafe_encode(bytes(raw))
    asked.consent = assertion
    with pytest.raises(Refusal):
        consent.demand(asked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "NaN",
        "{" * 3000,
        '{"id": "AA", "rawId": "AA", "response": []}',
        '{"id": "\\u0000", "rawId": "AA", "response": {}}',
        '{"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "\\ud800", "authenticatorData": "AA"}}',
        '{"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "' + "A" * 20_000 + '"}}',
    ],
    ids=["nothing", "list", "null", "nan", "deep", "shape", "nul", "surrogate", "long"],
)
def test_junk_never_reaches_the_row(asked: Operation, alice: User, client_as: ClientAs, text: str) -> None:
    browser = client_as(alice)
    answer = browser.post(consent.url(asked), {"assertion": text}, headers={"X-Requested-With": "panel"})
    assert (answer.status_code, "no answer of a passkey" in answer.json()["error"]) == (409, True)
    assert outcome(asked) == State.WAITING


# --- Time ---


def test_what_nobody_confirms_in_time_ends_and_says_start_again(asked: Operation) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        runner.sweep("interactive")
        asked.refresh_from_db()
        assert (asked.state, asked.finished_at is not None) == (State.CANCELLED, True)
        assert "start again" in asked.events.last().message  # type: ignore[union-attr]
    assert Event.objects.filter(action="operation.cancelled", object_id=str(asked.pk)).count() == 1


def test_it_cannot_be_confirmed_when_its_time_is_over(
    asked: Operation, alice: User, trusted: Trusted, client_as: ClientAs
) -> None:
    passkey, browser = trusted(alice), client_as(alice)
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        assert "The time to confirm this is over." in browser.get(consent.url(asked)).content.decode()
        with pytest.raises(Refusal, match="is over"):
            consent.give(asked, actor=alice, assertion=passkey.confirm(asked))


def test_a_worker_that_comes_late_refuses(
    asked: Operation, alice: User, trusted: Trusted, run_operations: RunOperations
) -> None:
    consent.give(asked, actor=alice, assertion=trusted(alice).confirm(asked))
    with time_machine.travel(timezone.now() + queue.CONSENT_FOR + consent.GRACE + timedelta(seconds=1)):
        run_operations()
    assert outcome(asked) == "CONSENT_EXPIRED"


# --- Who ---


def test_only_the_asker_may_confirm_or_see_the_page(
    asked: Operation, bob: User, charlie: User, client_as: ClientAs
) -> None:
    answer = client_as(bob).get(consent.url(asked))
    assert (answer.status_code, "Only Alice, who asked for this" in answer.content.decode()) == (403, True)
    assert client_as(bob).post(consent.url(asked), {"assertion": "{}"}).status_code == 403
    assert client_as(charlie).get(consent.url(asked)).status_code == 404


def test_the_page_says_what_is_in_the_way(
    asked: Operation, alice: User, keysets: None, client_as: ClientAs
) -> None:
    browser = client_as(alice)
    assert "You have no passkey." in browser.get(consent.url(asked)).content.decode()
    registered = SoftPasskey(alice).register(quietly=True)
    page = browser.get(consent.url(asked)).content.decode()
    assert "None of your passkeys may confirm in this team yet." in page
    membership = Membership.objects.select_related("team", "user").get(user=alice)
    passkeys.trust(membership, read(registered), actor=alice.actor)
    page = browser.get(consent.url(asked)).content.decode()
    assert "Your passkey is too new." in page
    assert "data-confirm-ask" not in page


def test_a_decision_of_another_sort_does_not_get_past_the_passkey(asked: Operation, alice: User) -> None:
    with pytest.raises(Refusal, match="decided already"):
        queue.decide(asked, actor=alice, checkpoints={}, message="Go")
