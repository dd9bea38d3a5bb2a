"""Which kinds the chaos asks for, and whether its verdict sees what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from audit.record import SYSTEM, Subject, record
from operations.models import Operation, OperationEvent, Reason, State
from operations.registry import kinds
from projects.models import Project, SecretDraft
from teams.models import Team, User
from tests.chaos.books import Books, Made, Paid, Ran, Released
from tests.chaos.clicks import CLICKS, ELSEWHERE, LEFT_OUT
from tests.chaos.verdict import verdict
from tests.factories import (
    DeployFactory,
    JobFactory,
    OperationFactory,
    ProjectFactory,
    ReleaseFactory,
    SourceFactory,
    WalletFactory,
)
from tools.layout import ROOT
from wallets import freezing
from wallets.models import Freeze, Payment, SpendPolicy, Wallet
from wallets.models.gateway import BASE_SEPOLIA

DAY = 300_000


def test_every_kind_of_operation_is_in_the_chaos_or_says_why_not() -> None:
    registered = {name for name in kinds.keys() if not name.startswith("test.")}  # noqa: SIM118 - a Registry yields entries
    assert set(CLICKS) | set(LEFT_OUT) == registered
    assert set(CLICKS) & set(LEFT_OUT) == set()


def test_a_run_is_set_up_before_django_is() -> None:
    """There is no database yet when its processes are prepared."""
    command = [sys.executable, "-c", "import tests.chaos.__main__"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


# --- The verdict ---


@pytest.fixture
def wallet(db: None) -> Wallet:
    """A wallet that may spend DAY, made by its operation as a worker makes it."""
    wallet: Wallet = WalletFactory.create(key_sealed=b"sealed")
    SpendPolicy.objects.create(wallet=wallet, per_payment_micros=DAY, per_day_micros=DAY, mac=b"")
    done(wallet, "wallet.create", subject_id=wallet.pk, args={"per_day_micros": DAY})
    note("wallet.made", wallet.team, Subject("wallet", str(wallet.pk), wallet.label))
    return wallet


def done(wallet: Wallet, kind: str, state: State = State.SUCCEEDED, **fields: Any) -> Operation:
    """Return an operation of the wallet's that ended, with the event of its end."""
    both = {"team": wallet.team, "gateway": wallet.gateway, "wallet": wallet, "finished_at": timezone.now()}
    operation: Operation = OperationFactory.create(kind=kind, state=state, **{**both, **fields})
    OperationEvent.objects.create(operation=operation, seq=1, type=str(state), message="")
    return operation


def note(action: str, team: Team, subject: Subject, **details: Any) -> None:
    record(action, team_id=team.pk, actor=SYSTEM, subject=subject, details=details)


def paid(wallet: Wallet, operation: Operation, nonce: str, **fields: Any) -> Payment:
    """Return the operation's settled payment of 100,000, on record as reserved."""
    values = {"state": Payment.State.SETTLED, "settled_micros": 100_000, "paid_by": "x402", **fields}
    payment = Payment.objects.create(
        team=wallet.team,
        wallet=wallet,
        operation_id=operation.pk,
        kind=operation.kind,
        amount_micros=100_000,
        network=BASE_SEPOLIA,
        nonce=nonce,
        **values,
    )
    subject = Subject("payment", str(payment.pk), "")
    note("payment.reserved", wallet.team, subject, amount_micros=100_000, wallet=str(wallet.pk))
    return payment


def books(wallet: Wallet, *nonces: str) -> Books:
    """Return what the sandbox would have: a payment of 100,000 for each nonce, and the wallet's mirror as it is."""
    address = wallet.address.lower()
    used = [Paid(address, nonce, 100_000, f"tx-{nonce}") for nonce in nonces]
    return Books(paid=used, payments=len(used), balances={address: wallet.balance_micros or 0})


def whats(found: Books, *asked: str) -> list[str]:
    return sorted(finding.what for finding in verdict(found, asked))


@pytest.fixture
def balanced(wallet: Wallet) -> Wallet:
    wallet.balance_micros = 0
    wallet.save()
    return wallet


def test_what_agrees_on_both_sides_is_no_finding(balanced: Wallet) -> None:
    operation = done(balanced, "tier.set")
    paid(balanced, operation, "0x1")
    assert whats(books(balanced, "0x1"), str(operation.pk)) == []


def test_an_operation_that_is_gone_or_never_ends_is_lost(balanced: Wallet) -> None:
    OperationFactory.create(team=balanced.team, kind="gateway.tiers", state=State.QUEUED)
    assert whats(books(balanced), "no-such-row") == ["lost", "lost"]


def test_a_payment_that_the_panel_does_not_know_is_repeated(balanced: Wallet) -> None:
    paid(balanced, done(balanced, "tier.set"), "0x1")
    assert whats(books(balanced, "0x1", "0x2")) == ["repeated"]


def test_a_success_without_its_payment_is_lost(balanced: Wallet) -> None:
    done(balanced, "tier.set")
    paid(balanced, done(balanced, "tier.set"), "0x2")
    assert whats(books(balanced)) == ["lost", "lost"]


def test_a_released_payment_that_moved_money_is_overspent(balanced: Wallet) -> None:
    operation = done(balanced, "tier.set", State.FAILED, error={"code": "X", "mutation_state": "none"})
    paid(balanced, operation, "0x1", state=Payment.State.RELEASED, settled_micros=0)
    assert whats(books(balanced, "0x1")) == ["overspent"]


def test_reservations_beyond_the_days_limit_are_overspent(balanced: Wallet) -> None:
    nonces = [f"0x{number}" for number in range(4)]
    for nonce in nonces:
        paid(balanced, done(balanced, "tier.set"), nonce)
    assert whats(books(balanced, *nonces)) == ["overspent", "overspent"]  # by the record, and by the ledger


def test_four_payments_around_midnight_are_four_in_a_day(balanced: Wallet) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0)
    nonces = [f"0x{number}" for number in range(4)]
    for hours, nonce in zip((-2, -1, 1, 2), nonces, strict=True):
        with time_machine.travel(midnight + timedelta(hours=hours)):
            paid(balanced, done(balanced, "tier.set"), nonce)
    assert whats(books(balanced, *nonces)) == ["overspent", "overspent"]


def test_a_reservation_that_nobody_closed_is_told(balanced: Wallet) -> None:
    operation = done(balanced, "tier.set", State.FAILED, error={"code": "X", "mutation_state": "none"})
    paid(balanced, operation, "", state=Payment.State.RESERVED, settled_micros=None, paid_by="")
    assert whats(books(balanced)) == ["other"]


def test_what_was_set_aside_for_an_operation_in_review_may_stay(balanced: Wallet) -> None:
    operation = done(balanced, "tier.set", State.WAITING, reason=Reason.REVIEW, finished_at=None)
    paid(balanced, operation, "", state=Payment.State.RESERVED, settled_micros=None, paid_by="")
    assert whats(books(balanced)) == []
    Payment.objects.update(state=Payment.State.SIGNED, nonce="0x1")
    assert whats(books(balanced)) == ["other"]


# --- Frozen wallets ---


@pytest.fixture
def frozen(balanced: Wallet, alice: User) -> Freeze:
    return freezing.freeze(balanced, actor=alice.actor, why="An agent runs wild")


def said(frozen: Freeze, user: User, said: str) -> Operation:
    """Return a person's word that the wallet may pay again, and what it did."""
    return done(
        frozen.wallet,
        "wallet.unfreeze",
        actor=user,
        subject_id=frozen.wallet_id,
        args={"freeze": str(frozen.pk)},
        result={"said": said},
    )


def test_a_payment_of_a_frozen_wallet_is_overspent_and_one_after_it_is_not(
    frozen: Freeze, alice: User, bob: User, keysets: None
) -> None:
    said(frozen, bob, "waits")
    said(frozen, alice, "lifted")
    paid(frozen.wallet, done(frozen.wallet, "tier.set"), "0x1")
    freezing.lift(frozen, actor=alice.actor)
    paid(frozen.wallet, done(frozen.wallet, "tier.set"), "0x2")
    assert whats(books(frozen.wallet, "0x1", "0x2")) == ["overspent"]


def test_one_person_alone_and_a_lift_without_a_word_are_told(
    frozen: Freeze, alice: User, keysets: None
) -> None:
    assert whats(books(frozen.wallet)) == []
    freezing.lift(frozen, actor=alice.actor)
    assert whats(books(frozen.wallet)) == ["lost"]
    said(frozen, alice, "waits")
    said(frozen, alice, "lifted")
    assert whats(books(frozen.wallet)) == ["other"]
    said(frozen, alice, "lifted")
    assert whats(books(frozen.wallet)) == ["other", "repeated"]


def test_a_word_may_wait_for_its_hour_and_no_longer(balanced: Wallet) -> None:
    later = timezone.now() + timedelta(minutes=50)
    fields = {"kind": "wallet.unfreeze_due", "state": State.QUEUED, "not_before": later}
    OperationFactory.create(team=balanced.team, wallet=balanced, subject_id=balanced.pk, **fields)
    assert whats(books(balanced)) == []
    Operation.objects.filter(kind="wallet.unfreeze_due").update(not_before=timezone.now())
    assert whats(books(balanced)) == ["lost"]


# --- Projects and releases ---


def made(project: Project, remote_id: str) -> Made:
    return Made(remote_id, project.wallet.address.lower(), project.name, "", f"service-{remote_id}")


def test_a_second_project_of_one_wish_is_repeated_and_a_denied_one_lost(balanced: Wallet) -> None:
    twice: Project = ProjectFactory.create(team=balanced.team, wallet=balanced, remote_id="prj_1")
    denied: Project = ProjectFactory.create(
        team=balanced.team, wallet=balanced, remote_id="", state=Project.State.FAILED
    )
    done(balanced, "project.provision", subject_id=twice.pk)
    done(balanced, "project.provision", State.FAILED, subject_id=denied.pk, error={"mutation_state": "none"})
    rows = [made(twice, "prj_1"), made(twice, "prj_2"), made(denied, "prj_3")]
    assert whats(replace(books(balanced), projects=rows)) == ["lost", "repeated"]


@pytest.mark.parametrize(
    ("project_state", "ended", "owner", "key", "found"),
    [
        ("ready", "succeeded", "", b"sealed", []),
        ("ready", "succeeded", "0xanother", b"sealed", ["other"]),
        ("failed", "failed", "", b"", []),
        ("failed", "failed", "", b"sealed", ["other"]),
        ("failed", "succeeded", "", b"", ["lost"]),
        ("adopting", "failed", "", b"", ["lost"]),
    ],
)
def test_an_adoption_is_the_wallets_own_or_leaves_nothing(
    project_state: str, ended: str, owner: str, key: bytes, found: list[str], balanced: Wallet
) -> None:
    project = ProjectFactory.create(
        team=balanced.team, wallet=balanced, remote_id="prj_1", name=f"{ELSEWHERE}1",
        state=project_state, origin=Project.Origin.ADOPTED, service_key_sealed=key,
    )  # fmt: skip
    done(balanced, "project.adopt", State(ended), subject_id=project.pk)
    row = made(project, "prj_1")
    rows = [replace(row, owner=owner or row.owner), replace(row, id="prj_2", name=f"{ELSEWHERE}2")]
    assert whats(replace(books(balanced), projects=rows)) == found


@pytest.mark.parametrize(
    ("state", "asked", "gone", "found"),
    [
        ("deleted", True, True, []),
        ("ready", False, False, []),
        ("deleted", True, False, ["lost"]),
        ("ready", True, True, ["lost"]),
        ("ready", False, True, ["repeated"]),
    ],
)
def test_a_deletion_is_on_both_sides_or_on_none(
    state: str, asked: bool, gone: bool, found: list[str], balanced: Wallet
) -> None:
    project = ProjectFactory.create(team=balanced.team, wallet=balanced, remote_id="prj_1", state=state)
    done(balanced, "project.provision", subject_id=project.pk)
    if asked:
        done(balanced, "project.delete", subject_id=project.pk)
    row = replace(made(project, "prj_1"), deleted=gone)
    assert whats(replace(books(balanced), projects=[row])) == found


def test_a_release_of_a_cancelled_deploy_is_lost_and_a_second_one_repeated(balanced: Wallet) -> None:
    cancelled = done(balanced, "deploy", State.CANCELLED, subject_id=balanced.pk)
    key = cancelled.idempotency_key
    live = [Released("rel_1", "prj_1", key), Released("rel_2", "prj_1", f"{key}-1")]
    assert whats(replace(books(balanced), releases=live[:1])) == ["lost"]
    assert whats(replace(books(balanced), releases=live)) == ["lost", "repeated"]


def test_a_success_whose_files_are_not_live_is_lost(balanced: Wallet) -> None:
    project = ProjectFactory.create(
        team=balanced.team, wallet=balanced, remote_id="prj_1", live_release="rel_1"
    )
    done(balanced, "project.provision", subject_id=project.pk)
    release = ReleaseFactory.create(project=project, remote_id="rel_1")
    files = {"index.html": {"sha256": "one", "size": 1}}
    source = SourceFactory.create(team=balanced.team, files=files)
    deploy = DeployFactory.create(project=project, source=source, release=release, operation=None)
    done(balanced, "deploy", subject_id=deploy.pk, result={"release_id": "rel_1"})
    mine = replace(made(project, "prj_1"), live="rel_1")
    for site, expected in (({"index.html": "one"}, []), ({"index.html": "two"}, ["lost"])):
        live = [Released("rel_1", "prj_1", "", site)]
        assert whats(replace(books(balanced), projects=[mine], releases=live)) == expected
    assert whats(replace(books(balanced), projects=[mine])) == ["lost"]


def test_equal_wishes_at_the_same_time_are_repeated(balanced: Wallet) -> None:
    done(balanced, "wallet.balance", unique_key="once")
    second = done(balanced, "wallet.balance", unique_key="once")
    assert whats(books(balanced)) == []
    Operation.objects.exclude(pk=second.pk).update(finished_at=second.created_at + timedelta(seconds=1))
    assert whats(books(balanced)) == ["repeated"]


# --- Secrets ---


def there(wallet: Wallet) -> tuple[Project, Books]:
    """Return a project that is on both sides, and books that agree."""
    project: Project = ProjectFactory.create(team=wallet.team, wallet=wallet)
    done(wallet, "project.provision", subject_id=project.pk)
    return project, replace(books(wallet), projects=[made(project, project.remote_id)])


def test_a_secret_with_the_value_of_somebody_before_is_lost(balanced: Wallet) -> None:
    project, found = there(balanced)
    one, two = (
        done(balanced, "secrets.set", subject_id=project.pk, args={"draft": draft, "keys": ["API_KEY"]})
        for draft in ("first", "second")
    )
    assert one.created_at < two.created_at
    assert whats(replace(found, secrets={(project.remote_id, "API_KEY"): "second"})) == []
    assert whats(replace(found, secrets={(project.remote_id, "API_KEY"): "first"})) == ["lost"]


def test_the_secrets_of_a_deleted_project_went_with_it(balanced: Wallet) -> None:
    project, _found = there(balanced)
    done(balanced, "secrets.set", subject_id=project.pk, args={"draft": "first", "keys": ["API_KEY"]})
    Project.objects.filter(pk=project.pk).update(state=Project.State.DELETED)
    found = replace(books(balanced), projects=[replace(made(project, project.remote_id), deleted=True)])
    assert [what for what in whats(found) if what == "lost"] == []


def test_a_deleted_secret_that_is_there_is_a_finding(balanced: Wallet) -> None:
    project, found = there(balanced)
    done(balanced, "secret.delete", subject_id=project.pk, args={"key": "API_KEY"})
    assert whats(found) == []
    assert whats(replace(found, secrets={(project.remote_id, "API_KEY"): "x"})) == ["repeated"]


def test_values_that_outlive_their_operation_are_a_finding(balanced: Wallet) -> None:
    project, found = there(balanced)
    operation = done(
        balanced, "secrets.set", State.CANCELLED, subject_id=project.pk, args={"draft": "x", "keys": ["A"]}
    )
    SecretDraft.objects.create(project=project, created_by=balanced.owner, operation=operation)
    assert whats(found) == ["other"]


# --- Jobs ---


def test_a_job_that_ran_twice_or_cost_something_else_is_found(balanced: Wallet) -> None:
    project = ProjectFactory.create(team=balanced.team, wallet=balanced)
    operation = done(balanced, "job.submit")
    JobFactory.create(
        project=project,
        operation=operation,
        remote_id="job_1",
        status="completed",
        ended_at=timezone.now(),
        cost_micros=100_000,
    )
    paid(balanced, operation, "", cost="job", paid_by="balance")
    made = Made(project.remote_id, balanced.address.lower(), project.name, "", "")
    done(balanced, "project.provision", subject_id=project.pk)
    once = replace(
        books(balanced), projects=[made], jobs=[Ran("job_1", project.remote_id, "completed", 100_000)]
    )
    assert whats(once) == []
    twice = replace(once, jobs=[*once.jobs, Ran("job_2", project.remote_id, "completed", 1)])
    assert whats(twice) == ["repeated"]
    dearer = replace(once, jobs=[Ran("job_1", project.remote_id, "completed", 100_001)])
    assert whats(dearer) == ["overspent"]
    assert whats(replace(once, jobs=[])) == ["lost"]
