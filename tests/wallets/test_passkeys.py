"""Passkeys that may confirm: only a worker lets one in, after a day, for one person, team and role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM
from billing.passkeys import read
from core.errors import Refusal
from teams.models import Membership, Role, Team, User
from tests.factories import MembershipFactory
from tests.passkeys import SoftPasskey
from wallets import passkeys
from wallets.models import FirstPasskey, TrustedPasskey
from wallets.vault import Locked

pytestmark = pytest.mark.django_db


def member(user: User) -> Membership:
    return Membership.objects.select_related("team", "user").get(user=user)


def let_in(user: User) -> TrustedPasskey:
    """Let a new passkey of the person in, as a worker does."""
    found = read(SoftPasskey(user).register(quietly=True))
    return passkeys.trust(member(user), found, actor=user.actor)


def test_a_passkey_may_confirm_after_a_day(keysets: None, alice: User) -> None:
    row = let_in(alice)
    assert timezone.now() + timedelta(hours=23) < row.eligible_from < timezone.now() + timedelta(hours=25)
    assert (row.is_waiting, passkeys.genuine(row)) == (True, True)
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert list(passkeys.usable(row.team, alice)) == [row]


def test_the_first_one_may_at_once_with_leave_from_the_workers_machine(keysets: None, alice: User) -> None:
    call_command("passkey_first", "ALICE@example.com", verbosity=0)
    first, second = let_in(alice), let_in(alice)
    assert (first.is_eligible, second.is_waiting) == (True, True)
    assert not FirstPasskey.objects.exists()


def test_that_no_passkey_is_there_is_no_leave(keysets: None, alice: User) -> None:
    """Whoever can write rows could delete those of everybody else first."""
    call_command("passkey_first", "alice@example.com", verbosity=0)
    let_in(alice)
    TrustedPasskey.objects.all().delete()
    assert let_in(alice).is_waiting


def test_a_leave_that_was_written_past_the_worker_or_is_old_is_none(
    keysets: None, alice: User, team: Team
) -> None:
    FirstPasskey.objects.create(
        team=team, user=alice, until=timezone.now() + timedelta(days=1), mac=b"\x01" * 37
    )
    assert let_in(alice).is_waiting
    passkeys.allow_first(team, alice, actor=SYSTEM)
    FirstPasskey.objects.update(until=timezone.now() + timedelta(days=90))
    assert let_in(alice).is_waiting
    passkeys.allow_first(team, alice, actor=SYSTEM)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert let_in(alice).is_waiting


def test_a_process_with_webs_environment_can_make_no_mark(public_keyset: None, alice: User) -> None:
    with pytest.raises(Locked):
        let_in(alice)
    assert not TrustedPasskey.objects.exists()
    with pytest.raises(CommandError, match="Run this where a worker runs"):
        call_command("passkey_first", "alice@example.com")


def test_only_an_owner_gets_leave(keysets: None, bob: User) -> None:
    with pytest.raises(CommandError, match="owns a team"):
        call_command("passkey_first", "bob@example.com")


@pytest.mark.parametrize(
    "change",
    [
        {"eligible_from": timezone.now() - timedelta(days=1)},
        {"role": Role.ADMIN},
        {"credential_id": "AAAA"},
        {"public_key": b"another key"},
        {"mac": b""},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_row_that_was_changed_past_the_worker_is_not_genuine(
    keysets: None, alice: User, change: dict[str, Any]
) -> None:
    row = let_in(alice)
    TrustedPasskey.objects.update(**change)
    row.refresh_from_db()
    assert not passkeys.genuine(row)


def test_a_passkey_is_genuine_for_its_person_and_team_only(
    keysets: None, alice: User, bob: User, charlie: User
) -> None:
    row = let_in(alice)
    TrustedPasskey.objects.update(user=bob)
    row.refresh_from_db()
    assert not passkeys.genuine(row)
    TrustedPasskey.objects.update(user=alice, team=charlie.teams.get())
    row.refresh_from_db()
    assert not passkeys.genuine(row)


def test_a_refused_passkey_keeps_no_mark_and_never_comes_back(keysets: None, alice: User) -> None:
    soft = SoftPasskey(alice)
    registered = soft.register(quietly=True)
    row = passkeys.trust(member(alice), read(registered), actor=alice.actor)
    assert passkeys.revoke(TrustedPasskey.objects.filter(pk=row.pk), actor=alice.actor) == 1
    row.refresh_from_db()
    assert (row.is_revoked, bytes(row.mac)) == (True, b"")
    TrustedPasskey.objects.update(revoked_at=None)
    row.refresh_from_db()
    assert not passkeys.genuine(row)
    TrustedPasskey.objects.update(revoked_at=timezone.now())
    with pytest.raises(Refusal, match="was refused in this team"):
        passkeys.trust(member(alice), read(registered), actor=alice.actor)


def test_a_new_role_begins_the_day_again(keysets: None, alice: User, bob: User) -> None:
    soft = SoftPasskey(bob)
    registered = soft.register(quietly=True)
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        row = passkeys.trust(member(bob), read(registered), actor=bob.actor)
    assert row.is_eligible
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    again = passkeys.trust(member(bob), read(registered), actor=bob.actor)
    assert (again.pk, again.role, again.is_waiting) == (row.pk, Role.OWNER, True)
    assert passkeys.genuine(again)


def test_a_row_that_waits_for_a_genuine_mark_does_not_keep_its_key(
    keysets: None, alice: User, team: Team
) -> None:
    found = read(SoftPasskey(alice).register(quietly=True))
    planted = {"team": team, "user": alice, "role": Role.OWNER, "credential_id": found.credential_id}
    TrustedPasskey.objects.create(**planted, public_key=b"a thief's", eligible_from=timezone.now())
    row = passkeys.trust(member(alice), found, actor=alice.actor)
    row.refresh_from_db()
    assert (bytes(row.public_key), row.is_waiting) == (found.public_key, True)


def test_a_passkey_is_let_in_for_each_team_by_itself(keysets: None, alice: User, charlie: User) -> None:
    MembershipFactory.create(team=charlie.teams.get(), user=alice, role=Role.OWNER)
    here = Membership.objects.get(user=alice, team__name="Halden")
    found = read(SoftPasskey(alice).register(quietly=True))
    passkeys.trust(here, found, actor=alice.actor)
    assert list(passkeys.usable(charlie.teams.get(), alice)) == []


def test_letting_in_and_refusing_are_recorded(keysets: None, alice: User) -> None:
    row = let_in(alice)
    passkeys.revoke(TrustedPasskey.objects.all(), actor=alice.actor)
    events = Event.objects.filter(object_type="passkey").order_by("seq")
    assert [event.action for event in events] == ["passkey.trusted", "passkey.revoked"]
    assert events[0].object_label == "Laptop, Alice"
    assert events[0].object_id == str(row.pk)
