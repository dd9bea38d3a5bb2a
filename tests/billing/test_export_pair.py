"""A key that leaves on two people's word: the second owner's passkey over the digest, checked by the worker."""

from __future__ import annotations

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone
from fido2.utils import websafe_encode

from audit.models import Event
from billing import custody, thresholds
from core.errors import Refusal
from operations import approvals, consent
from operations.handing import SEALED
from operations.models import Operation, State
from teams.models import Membership, Role, Team, User
from tests.billing.conftest import at
from tests.billing.test_approval import trusted, words_in
from tests.factories import MembershipFactory, UserFactory
from tests.fixtures import ClientAs, RunOperations
from tests.passkeys import SoftPasskey
from wallets import thresholds as kept
from wallets.models import Wallet
from wallets.thresholds import Rule


@pytest.fixture
def olga(team: Team) -> User:
    """Another owner."""
    user: User = UserFactory.create(email="olga@example.com", name="Olga")
    MembershipFactory.create(team=team, user=user, role=Role.OWNER)
    return user


@pytest.fixture
def passkey(wallet: Wallet, team: Team, alice: User) -> SoftPasskey:
    return trusted(alice, team)


@pytest.fixture
def two_people(
    team: Team, alice: User, olga: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    """The team wants two people's word, and a worker has written that down."""
    thresholds.change(team=team, actor=alice, asked=Rule(None, exports_need_two=True))
    run_operations()
    team.refresh_from_db()


def reader() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return str(websafe_encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))


def ask(wallet: Wallet, actor: User, passkey: SoftPasskey, run_operations: RunOperations) -> Operation:
    """Ask for the key and confirm that with the asker's passkey."""
    operation = custody.export_wallet(wallet=wallet, actor=actor, reader=reader())
    consent.give(operation, actor=actor, assertion=passkey.confirm(operation))
    return looked_at(operation, run_operations)


def looked_at(operation: Operation, run_operations: RunOperations) -> Operation:
    run_operations()
    operation.refresh_from_db()
    return operation


def say_yes(operation: Operation, user: User, passkey: SoftPasskey) -> None:
    digest = str(approvals.request_of(operation).digest)  # type: ignore[union-attr]
    given = passkey.sign(bytes.fromhex(digest))
    approvals.approve(operation=operation, actor=user, digest=digest, assertion=given)


@pytest.mark.usefixtures("two_people")
def test_the_key_is_sealed_once_another_owner_confirmed(
    wallet: Wallet, alice: User, olga: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    operation = ask(wallet, alice, passkey, run_operations)
    wallet.refresh_from_db()
    assert (operation.state, operation.reason, wallet.exported_at) == (State.WAITING, "approval", None)
    say_yes(operation, olga, trusted(olga, operation.team))
    looked_at(operation, run_operations)
    wallet.refresh_from_db()
    assert (operation.state, SEALED in operation.result) == (State.SUCCEEDED, True)
    assert wallet.exported_by == alice.label


@pytest.mark.usefixtures("two_people")
def test_the_tab_is_told_whom_it_waits_for(
    wallet: Wallet,
    alice: User,
    olga: User,
    passkey: SoftPasskey,
    run_operations: RunOperations,
    client_as: ClientAs,
) -> None:
    operation = ask(wallet, alice, passkey, run_operations)
    answer = at(client_as(alice), wallet.gateway).post(f"/activity/{operation.pk}/sealed")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert "Somebody else has to approve it: Owner." in answer.json()["waits"]
    for path in (f"/activity/{operation.pk}/approval", f"/activity/{operation.pk}"):
        shown = at(client_as(olga), wallet.gateway).get(path).content.decode()
        assert words_in(shown) == answer.json()["words"], path
        assert ("A private key" in shown, "$0.00" in shown, "Nothing is paid" in shown) == (
            True,
            False,
            False,
        ), path


@pytest.mark.usefixtures("two_people")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.BILLING])
def test_who_may_not_take_a_key_may_not_let_one_go(
    wallet: Wallet,
    alice: User,
    olga: User,
    passkey: SoftPasskey,
    run_operations: RunOperations,
    team: Team,
    role: Role,
) -> None:
    operation = ask(wallet, alice, passkey, run_operations)
    user: User = UserFactory.create(email=f"{role}@example.com")
    MembershipFactory.create(team=team, user=user, role=role)
    assert approvals.deciders(operation) == [olga]
    with pytest.raises(Refusal):
        say_yes(operation, user, trusted(user, team))


@pytest.mark.usefixtures("two_people")
def test_without_the_second_passkey_nothing_leaves(
    wallet: Wallet, alice: User, olga: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    operation = ask(wallet, alice, passkey, run_operations)
    digest = str(approvals.request_of(operation).digest)  # type: ignore[union-attr]
    with pytest.raises(Refusal, match="passkey"):
        approvals.approve(operation=operation, actor=olga, digest=digest)
    other = trusted(olga, operation.team)
    forged = other.sign(secrets.token_bytes(32))
    approvals.approve(operation=operation, actor=olga, digest=digest, assertion=forged)
    looked_at(operation, run_operations)
    wallet.refresh_from_db()
    assert (operation.state, operation.reason, wallet.exported_at) == (State.WAITING, "approval", None)


@pytest.mark.usefixtures("two_people")
def test_the_tab_is_told_who_declined_and_why(
    wallet: Wallet,
    alice: User,
    olga: User,
    passkey: SoftPasskey,
    run_operations: RunOperations,
    client_as: ClientAs,
) -> None:
    operation = ask(wallet, alice, passkey, run_operations)
    approvals.decline(operation=operation, actor=olga, why="Not today")
    answer = at(client_as(alice), wallet.gateway).post(f"/activity/{operation.pk}/sealed")
    said = f"{olga.label} declines: Not today. Nothing has changed."
    assert (answer.status_code, answer.json()) == (409, {"error": said})


@pytest.mark.usefixtures("two_people")
def test_time_stands_in_for_nobody_where_a_key_would_leave(
    wallet: Wallet, alice: User, olga: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    Membership.objects.filter(user=olga).delete()
    operation = ask(wallet, alice, passkey, run_operations)
    request = approvals.request_of(operation)
    assert request is not None
    assert (operation.state, request.due_at) == (State.WAITING, None)


def test_a_team_with_one_owner_cannot_have_the_rule(wallet: Wallet, alice: User, team: Team) -> None:
    with pytest.raises(Refusal, match="one owner only"):
        thresholds.change(team=team, actor=alice, asked=Rule(None, exports_need_two=True))


@pytest.mark.usefixtures("two_people")
def test_a_checkpoint_that_web_wrote_skips_neither_the_second_owner_nor_the_record(
    wallet: Wallet, alice: User, olga: User, passkey: SoftPasskey, run_operations: RunOperations
) -> None:
    operation = custody.export_wallet(wallet=wallet, actor=alice, reader=reader())
    Operation.objects.filter(pk=operation.pk).update(checkpoints={"marked": True})
    consent.give(operation, actor=alice, assertion=passkey.confirm(operation))
    assert looked_at(operation, run_operations).reason == "approval"
    say_yes(operation, olga, trusted(olga, operation.team))
    looked_at(operation, run_operations)
    assert operation.state == State.SUCCEEDED
    assert Event.objects.filter(action="wallet.exported").count() == 1


@pytest.mark.usefixtures("two_people")
def test_the_rule_taken_away_by_sql_still_holds(
    wallet: Wallet,
    alice: User,
    olga: User,
    passkey: SoftPasskey,
    run_operations: RunOperations,
    team: Team,
) -> None:
    Team.objects.filter(pk=team.pk).update(exports_need_two=False)
    assert ask(wallet, alice, passkey, run_operations).reason == "approval"
    Operation.objects.filter(kind=custody.EXPORT).delete()
    team.approval_rule.__class__.objects.update(exports_need_two=False)
    assert ask(wallet, alice, passkey, run_operations).error["code"] == "THRESHOLD_TAMPERED"


@pytest.mark.usefixtures("two_people")
def test_taking_the_rule_away_takes_two_owners_too(
    wallet: Wallet,
    alice: User,
    olga: User,
    passkey: SoftPasskey,
    run_operations: RunOperations,
    team: Team,
    client_as: ClientAs,
) -> None:
    browser = at(client_as(alice), wallet.gateway)
    went = browser.post("/payments/approvals/rule", {"above": ""})["Location"]
    operation = Operation.objects.get(kind=thresholds.RAISE)
    assert went == consent.url(operation)
    assert ("Keys leave the panel", "on two people's word → on one owner's word") in consent.statement(
        operation
    )
    consent.give(operation, actor=alice, assertion=passkey.confirm(operation))
    assert looked_at(operation, run_operations).reason == "approval"
    assert kept.of_team(team.pk) == Rule(None, exports_need_two=True)
    shown = at(client_as(olga), wallet.gateway).get(f"/activity/{operation.pk}/approval").content.decode()
    assert "A rule of the team" in shown
    say_yes(operation, olga, trusted(olga, team))
    assert looked_at(operation, run_operations).state == State.SUCCEEDED
    assert kept.of_team(team.pk) == Rule()
    assert ask(wallet, alice, passkey, run_operations).state == State.SUCCEEDED


@pytest.mark.usefixtures("two_people")
def test_a_looser_rule_is_written_once_for_one_gesture(
    wallet: Wallet, alice: User, passkey: SoftPasskey, run_operations: RunOperations, team: Team
) -> None:
    two = Rule(50_000, exports_need_two=True)
    thresholds.change(team=team, actor=alice, asked=two)
    run_operations()
    looser = thresholds.change(team=team, actor=alice, asked=Rule(60_000, exports_need_two=True))
    assert looser is not None
    consent.give(looser, actor=alice, assertion=passkey.confirm(looser))
    assert looked_at(looser, run_operations).state == State.SUCCEEDED
    thresholds.change(team=team, actor=alice, asked=two)
    run_operations()
    Operation.objects.filter(pk=looser.pk).update(
        state=State.QUEUED, checkpoints={}, attempts=0, finished_at=None, not_before=timezone.now()
    )
    assert looked_at(looser, run_operations).error["code"] == "THRESHOLD_CHANGED"
    assert kept.of_team(team.pk) == two
