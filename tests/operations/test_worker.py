"""Real Celery workers: what web asks for is done, and survives a power cut.

On SQLite with the filesystem broker, and on PostgreSQL with Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.utils import timezone

from billing.services import NewLimits, make_wallet
from operations import selectors
from operations.models import FINAL, Operation, State, WorkerPulse
from operations.registry import DEPLOYS, INTERACTIVE, SYNC
from teams.models import Team, User
from tests.fixtures import ClientAs
from tests.operations import doubles, processes
from tests.operations.conftest import Submit
from wallets import keysets
from wallets.models import Gateway

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BEAT = ("--beat", "--schedule")


@pytest.fixture(autouse=True)
def _same_broker(data: Path) -> Iterator[None]:
    """Let this process send its wake-ups to the workers that the test starts, and find none of an earlier test."""
    url, options = current_app.conf.broker_url, current_app.conf.broker_transport_options
    current_app.conf["broker_url"] = processes.broker_url()
    folder = str(data / "broker" / "queue")
    own = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(data / "broker" / "control"),
    }
    on_redis = current_app.conf.broker_url.startswith("redis")
    current_app.conf.broker_transport_options = {} if on_redis else own
    if on_redis:
        with redis.Redis.from_url(current_app.conf.broker_url) as server:
            server.delete(INTERACTIVE, DEPLOYS, SYNC)
    yield
    current_app.conf["broker_url"], current_app.conf.broker_transport_options = url, options


def _ended(*operations: Operation) -> bool:
    pks = [operation.pk for operation in operations]
    return not Operation.objects.filter(pk__in=pks).exclude(state=State.SUCCEEDED).exists()


def test_a_woken_worker_runs_what_web_asked_for(submit: Submit, journal: Path, data: Path) -> None:
    with processes.worker(data):
        processes.eventually(lambda: not selectors.worker_is_silent(), "a pulse")
        assert WorkerPulse.objects.get().unlocks is False
        steps = submit("test.steps", args={"journal": str(journal), "steps": 3})
        processes.eventually(lambda: _ended(steps), "the operation has ended")
        ticks = submit("test.ticks", args={"journal": str(journal), "looks": 5})
        processes.eventually(lambda: _ended(ticks), "its ticks have ended")
    # There is no beat here: each pause ended with a wake-up of its own.
    assert len([word for _, word, *_ in doubles.effects(journal) if word.startswith("look")]) == 5


def test_kill_9_in_the_middle_is_recovered_by_another_worker(
    submit: Submit, journal: Path, data: Path
) -> None:
    operation = submit(
        "test.steps", lane="project/1", args={"journal": str(journal), "steps": 4, "seconds": 5}
    )
    behind = submit("test.steps", lane="project/1", args={"journal": str(journal), "steps": 1})
    beat = (*BEAT, str(data / "beat"))
    with processes.worker(data, *beat) as first:
        processes.eventually(lambda: len(doubles.effects(journal)) >= 2, "two steps are done")
        processes.kill(first)
    operation.refresh_from_db()
    assert operation.state == State.RUNNING
    at_once = {"journal": str(journal), "steps": 4}
    over = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=operation.pk).update(lease_until=over, args=at_once)
    with processes.worker(data, *beat):
        processes.eventually(lambda: _ended(operation, behind), "another worker has ended both")
    words = [(pk, word) for pk, word, *_ in doubles.effects(journal)]
    own = [word for pk, word in words if pk == str(operation.pk)]
    assert sorted(set(own)) == ["step0", "step1", "step2", "step3"]
    assert len(own) <= 5  # the step that was cut off between effect and checkpoint may be there twice
    assert words[-1] == (str(behind.pk), "step0")
    operation.refresh_from_db()
    assert (operation.attempts, operation.fence) == (2, 2)


def test_two_workers_and_web_never_find_the_database_locked(
    submit: Submit, journal: Path, data: Path
) -> None:
    with processes.worker(data), processes.worker(data):
        processes.eventually(lambda: not selectors.worker_is_silent(), "a pulse")
        args = {"journal": str(journal), "steps": 5}
        operations = [submit("test.steps", lane=f"lane/{n % 5}", args=args) for n in range(60)]
        processes.eventually(lambda: _ended(*operations), "all have ended")
    assert len(doubles.effects(journal)) == 300
    assert "locked" not in (data / "worker.log").read_text()
    assert set(Operation.objects.values_list("attempts", flat=True)) == {1}


def test_a_worker_whose_keyset_goes_says_so_refuses_and_recovers_when_it_is_back(
    team: Team,
    alice: User,
    gateway: Gateway,
    data: Path,
    client_as: ClientAs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keysets.create(data / "keys")
    private, away = data / "keys" / keysets.PRIVATE, data / "keys" / "away"
    own = {
        "PANEL_VAULT_PUBLIC_KEYSET_FILE": str(data / "keys" / keysets.PUBLIC),
        "PANEL_VAULT_PRIVATE_KEYSET_FILE": str(private),
        "PANEL_POLICY_MAC_KEYSET_FILE": str(data / "keys" / keysets.POLICY_MAC),
    }
    plain = processes.environment
    monkeypatch.setattr(processes, "environment", lambda folder: {**plain(folder), **own})

    def holds_its_keys() -> bool:
        return WorkerPulse.objects.filter(unlocks=True).exists()

    def make(label: str) -> Operation:
        limits = NewLimits(1, 2)
        wallet = make_wallet(team=team, actor=alice, gateway=gateway, label=label, limits=limits)
        made = Operation.objects.filter(subject_id=wallet.pk)
        processes.eventually(lambda: made.filter(state__in=FINAL).exists(), f"{label} has ended")
        return made.get()

    with processes.worker(data):
        processes.eventually(holds_its_keys, "the worker holds its keys")
        assert make("Before").state == State.SUCCEEDED

        private.rename(away)
        processes.eventually(lambda: not holds_its_keys(), "the worker says that its keys are gone")
        refused = make("Without")
        assert (refused.state, refused.error["code"]) == (State.FAILED, "VAULT_LOCKED")
        page = client_as(alice).get(f"/activity/{refused.pk}")
        assert "This worker cannot use its private keyset" in page.content.decode()
        assert "PANEL_VAULT_PRIVATE_KEYSET_FILE names back" in page.content.decode()

        private.write_text("garbage")
        assert make("Garbage").error["code"] == "VAULT_LOCKED"

        away.replace(private)
        processes.eventually(holds_its_keys, "the worker holds its keys again")
        assert make("After").state == State.SUCCEEDED
    log = (data / "worker.log").read_text()
    assert (log.count("keys_missing"), log.count("keys_back")) == (1, 1)
