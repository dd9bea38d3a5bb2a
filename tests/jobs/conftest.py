"""A project that the real sandbox knows, whose wallet has a balance there; and the failures that it can order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from operations import runner
from operations.models import Operation, State
from operations.registry import INTERACTIVE, SYNC
from projects import keys
from projects.models import Project
from run402 import x402
from run402.resources.jobs import FFLONK_PROVE
from run402.signers import address_of, new_key
from teams.models import Team, User
from tests.factories import ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from tests.sandboxes import Sandbox, turn
from wallets import policies, signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA

CAP = 50_000
Knob = Callable[..., None]


def document(**changes: Any) -> dict[str, Any]:
    """Return a job in the contract's form."""
    given = {"job_type": FFLONK_PROVE, "input": {"input.json": {"a": 1}}, "max_cost_usd_micros": CAP}
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def submit(browser: Client, project: Project, **changes: Any) -> Job:
    """Send a job through the JSON form."""
    fields = {"as": "json", "project": str(project.pk), "job": json.dumps(document(**changes))}
    answer = browser.post("/jobs/new", fields)
    assert answer.status_code == 302, answer.content.decode()
    return Job.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])


def attempt(operation: Operation) -> Operation:
    """Let one worker take what is due, once, and return the operation as it stands then."""
    Operation.objects.filter(pk=operation.pk).update(not_before=operation.created_at)
    runner.run_due(operation.queue)
    operation.refresh_from_db()
    return operation


def run_due() -> None:
    """Run what is due now, and leave what pauses alone."""
    for queue in (INTERACTIVE, SYNC):
        runner.run_due(queue)


def operation_of(job: Job) -> Operation:
    """Return the operation that submits the job, as it stands now."""
    job.refresh_from_db()
    assert job.operation is not None
    job.operation.refresh_from_db()
    return job.operation


def follow_of(job: Job) -> Operation:
    """Return what follows the job."""
    return Operation.objects.filter(subject_id=job.pk, kind="job.follow").latest("created_at")


@pytest.fixture
def wallet(sandbox: Sandbox, keysets: None, team: Team, alice: User) -> Wallet:
    """A wallet with a key, a tier, limits, and a balance of ten times the cap at the sandbox."""
    key = new_key()
    made: Wallet = WalletFactory.create(
        team=team, gateway=sandbox.gateway, owner=alice, address=address_of(key), label="Main"
    )
    made.key_sealed = vault.seal(key, signer.key_context(made))
    made.save(update_fields=["key_sealed"])
    policies.write(made, policies.Limits(20 * CAP, 40 * CAP, (BASE_SEPOLIA,)))
    with signer.client(made.gateway, made) as client:
        client.faucet.draw(made.address)
        pays = x402.CapPolicy(max_micros=250_000, networks=(BASE_SEPOLIA,))
        once = x402.Purchase(policy=pays, before_send=lambda signed: None)
        client.tiers.set("prototype", purchase=once, idempotency_key=str(made.pk))
    sandbox.credit(made.address, 10 * CAP)
    return made


@pytest.fixture
def project(wallet: Wallet, alice: User) -> Project:
    """A project that exists at the sandbox, with its service key sealed."""
    with signer.client(wallet.gateway, wallet) as client:
        made = client.projects.provision(name="tidepool")
    found: Project = ProjectFactory.create(
        team=wallet.team,
        wallet=wallet,
        created_by=alice,
        name="tidepool",
        remote_id=made.project_id,
        anon_key=made.anon_key,
    )
    found.service_key_sealed = keys.sealer(found.pk)(made.service_key)
    found.save(update_fields=["service_key_sealed"])
    return found


@pytest.fixture
def as_bob(client_as: ClientAs, bob: User) -> Client:
    return client_as(bob)


@pytest.fixture
def knob(sandbox: Sandbox) -> Iterator[Knob]:
    """Order a failure, or how a run goes; what was not used up is cleared afterwards."""

    def order(do: str, **fields: object) -> None:
        turn(sandbox, {"do": do, **fields})

    yield order
    turn(sandbox, None)


@pytest.fixture
def running(as_bob: Client, project: Project, knob: Knob) -> Job:
    """A job that runs for an hour at the sandbox."""
    knob("job", seconds=3600)
    job = submit(as_bob, project)
    run_due()
    assert operation_of(job).state == State.SUCCEEDED
    return job
