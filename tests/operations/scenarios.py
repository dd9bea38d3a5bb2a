"""One real operation of every kind that changes something, against the real sandbox.

A new kind that mutates needs a scenario here: `test_killed` fails without it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

import run402
from audit.record import SYSTEM
from billing import checkouts, custody, deciding, freezes, limits, rails, services, thresholds
from billing import payees as payee_services
from billing.services import NewLimits
from deploys.models import Deploy, Release
from deploys.services import redeploy_release
from jobs import selectors as jobs
from jobs.models import Job
from jobs.reading import Asked
from jobs.services import cancel_job, submit_job
from operations import consent, runner
from operations.models import Operation, State
from projects import adopting, deleting
from projects import services as projects
from projects.cli_keys import Found
from projects.models import Project
from projects.secrets import drafts
from projects.secrets import services as secret_services
from projects.secrets.services import SealedValues
from run402.resources.jobs import FFLONK_PROVE
from teams.models import Team
from teams.reach import Reach
from tests.deploys.conftest import SITE, confirm, upload
from tests.fixtures import run_all
from tests.operations.world import World
from tests.passkeys import SoftPasskey
from tests.sandboxes import turn
from tests.wallets.conftest import charge, signed
from wallets import closing, freezing, payees, reveal, signer, spending, unfreezing
from wallets import thresholds as wallet_thresholds
from wallets.models import Freeze, Gateway, Payee, Payment, SpendPolicy, Wallet

Start = Callable[[World], Operation]
Answer = Callable[[World, Operation], None]


@dataclass(frozen=True)
class Scenario:
    """How one operation begins, how a person answers when it waits, and for how long it may wait for the chain."""

    start: Start
    answer: Answer | None = None
    seconds: float = 0


def _of(subject: Wallet | Project) -> Operation:
    return Operation.objects.filter(subject_id=subject.pk).latest("created_at")


def _create(world: World) -> Operation:
    wallet = services.make_wallet(
        team=world.team,
        actor=world.alice,
        gateway=world.gateway,
        label=world.name("new"),
        limits=NewLimits(1, 2),
    )
    return _of(wallet)


def _import(world: World) -> Operation:
    values = {"name": "Cloud", "kind": Gateway.Kind.CLOUD, "url": "http://cloud.localhost:9", "rpc_urls": []}
    cloud = Gateway.objects.update_or_create(slug="cloud", defaults=values)[0]
    key = run402.new_key().hex()
    form = {
        "label": world.name("import"),
        "gateway": cloud.slug,
        "key": key,
        "per_payment": "1",
        "per_day": "2",
    }
    assert world.browser.post("/wallets/import", form).status_code == 302
    return Operation.objects.filter(kind="wallet.import").latest("created_at")


def _lower(world: World) -> Operation:
    return services.lower_limits(wallet=world.wallet(0), actor=world.alice, limits=NewLimits(5, 10))


def _switch(world: World) -> Operation:
    """The rail the wallet is on: no other ends at a sandbox, and the limits are written anew all the same."""
    return rails.switch(wallet=world.wallet(0), actor=world.alice, rail=Wallet.Rail.X402)


def _raise(world: World) -> Operation:
    world.confirmer()
    wallet = world.wallet(0)
    policy = SpendPolicy.objects.filter(wallet=wallet).latest("version")
    wanted = NewLimits(3_000_000, 4_000_000)
    return limits.raise_limits(wallet=wallet, policy=policy, actor=world.alice, limits=wanted)


def _lower_threshold(world: World) -> Operation:
    """Each time less than the time before: a sum that stays is no operation."""
    world.team.refresh_from_db()
    return _changed(world, (world.team.approval_above_micros or 3_000) - 1_000)


def _raise_threshold(world: World) -> Operation:
    world.confirmer()
    Team.objects.filter(pk=world.team.pk).update(approval_above_micros=500_000)
    wallet_thresholds.of_team(world.team.pk)
    return _changed(world, 900_000)


def _changed(world: World, above: int) -> Operation:
    operation = thresholds.change(team=world.team, actor=world.alice, asked=wallet_thresholds.Rule(above))
    assert operation is not None
    return operation


def _export(world: World) -> Operation:
    world.confirmer()
    return custody.export_wallet(wallet=world.wallet(0), actor=world.alice, reader=_reader())


def _trust(world: World) -> Operation:
    SoftPasskey(world.alice, world.name("passkey")).register()
    return Operation.objects.filter(kind="passkey.trust").latest("created_at")


def _pay_elsewhere(world: World) -> Operation:
    """A gateway asks for another address than it was paid at."""
    world.confirmer()
    old, new = (f"0x{secrets.token_hex(20)}" for _ in range(2))
    payees.trust(world.team, world.gateway, old, actor=SYSTEM)
    payees.note(world.team, world.gateway, new)
    payee = Payee.objects.get(team=world.team, gateway=world.gateway)
    return payee_services.confirm(payee=payee, actor=world.alice)


def _decide(world: World) -> Operation:
    """A payment whose answer was lost, so long ago that the chain tells nothing more."""
    world.confirmer()
    payment = spending.reserve(world.wallet(0), charge())
    spending._store_signed(payment, signed(f"0x{secrets.token_hex(32)}"))
    closing.doubt(payment, actor=SYSTEM)
    Payment.objects.filter(pk=payment.pk).update(reserved_at=timezone.now() - deciding.PATIENCE)
    payment.refresh_from_db()
    return deciding.decide(
        payment=payment, actor=world.alice, paid=False, note="The chain has no such nonce."
    )


def _frozen(world: World) -> Freeze:
    return freezing.freeze(world.wallet(0), actor=world.alice.actor, why="An agent runs wild")


def _unfreeze(world: World) -> Operation:
    """Nobody else could confirm, so that it falls due later."""
    world.confirmer()
    return freezes.ask_to_unfreeze(wallet=_frozen(world).wallet, actor=world.alice)


def _fall_due(world: World) -> Operation:
    """Alice's word alone, an hour ago."""
    frozen = _frozen(world)
    with time_machine.travel(timezone.now() - unfreezing.ALONE_FOR - timedelta(minutes=1)):
        one = unfreezing.agree(frozen, user=world.alice).waiting
    assert one is not None
    return freezes.plan_fall(one)


def _reader() -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    return reveal.encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _confirm(world: World, operation: Operation) -> None:
    consent.give(operation, actor=world.alice, assertion=world.confirmer().confirm(operation))


def _draw(world: World) -> Operation:
    return services.draw_faucet(wallet=world.wallet(0), actor=world.alice)


def _set_tier(world: World) -> Operation:
    """The first payment at this gateway: whom it paid is remembered once, too."""
    wallet = world.wallet()
    Payee.objects.filter(team=world.team, gateway=wallet.gateway).delete()
    return services.set_tier(wallet=wallet, actor=world.alice, tier="prototype", shown_micros=100_000)


def _pay_by_card(world: World) -> Operation:
    made = checkouts.ask_for_tier(wallet=world.wallet(), actor=world.alice, tier="hobby")
    operation = checkouts.asked_by(made)
    assert operation is not None
    return operation


def _provision(world: World) -> Operation:
    name = world.name("asked")
    return _of(projects.create_project(team=world.team, actor=world.alice, wallet=world.tiered(), name=name))


def _adopt(world: World) -> Operation:
    """A project that the wallet made elsewhere, with the keys that the CLI keeps."""
    wallet = world.tiered()
    with signer.client(wallet.gateway, wallet) as client:
        made = client.projects.provision(name=world.name("elsewhere"))
    found = Found(made.project_id, made.anon_key, made.service_key)
    offered = adopting.offer(wallet, [found], Reach(world.team.pk))
    return adopting.adopt(offered=offered, chosen=[found.remote_id], team=world.team, actor=world.alice)[0]


def _delete(world: World) -> Operation:
    project = world.project()
    return deleting.delete(project=project, actor=world.alice, typed=project.name)


def _reveal(world: World) -> Operation:
    return projects.reveal_service_key(project=world.project(), actor=world.alice, reader=_reader())


def _set_secrets(world: World) -> Operation:
    """Two at once, as a pasted `.env` does."""
    draft_id, values = uuid.uuid4(), {"ONE": "1", "TWO": "2"}
    entries = [{"key": key, "line": 1, "bytes": 1, "note": ""} for key in values]
    sealed = SealedValues(draft_id, drafts.seal(draft_id, values), {"entries": entries})
    return secret_services.set_one(project=world.project(), actor=world.alice, values=sealed)


def _delete_secret(world: World) -> Operation:
    project = Project.objects.get(pk=str(_set_secrets(world).subject_id))
    run_all()
    return secret_services.delete_secret(project=project, actor=world.alice, key="ONE", typed="ONE")


def _deploy(world: World) -> Operation:
    return _operation(upload(world.browser, world.project(), SITE))


def _redeploy(world: World) -> Operation:
    project = world.project()
    for files in (SITE, {"index.html": "<h1>Two</h1>"}):
        deploy = upload(world.browser, project, files)
        run_all()
        _agree(world, _operation(deploy))
        run_all()
    first = Release.objects.filter(project=project).earliest("generation")
    return _operation(redeploy_release(release=first, user=world.alice))


def _submit_job(world: World) -> Operation:
    """One that has ended, and costs, as soon as it is asked for."""
    project = world.paid_project()
    ends = {"do": "job", "queued_seconds": 0, "seconds": 0, "cost_usd_micros": 7_000}
    turn(world.sandbox, ends)
    return _of_job(submit_job(project=project, actor=world.alice, asked=Asked(FFLONK_PROVE, {}, 50_000)))


def _cancel_job(world: World) -> Operation:
    """One that waits at Run402, where cancelling costs nothing. What follows it begins anew when it is cancelled."""
    project = world.paid_project()
    turn(world.sandbox, {"do": "job", "queued_seconds": 3600, "seconds": 3600})
    job = submit_job(project=project, actor=world.alice, asked=Asked(FFLONK_PROVE, {}, 50_000))
    runner.run_due("interactive")
    Operation.objects.filter(subject_id=job.pk, kind=jobs.FOLLOW).update(
        state=State.CANCELLED, finished_at=timezone.now()
    )
    job.refresh_from_db()
    cancel_job(job=job, actor=world.alice)
    return Operation.objects.get(subject_id=job.pk, kind=jobs.CANCEL)


def _of_job(job: Job) -> Operation:
    assert job.operation is not None
    return job.operation


def _operation(deploy: Deploy) -> Operation:
    deploy.refresh_from_db()
    assert deploy.operation is not None
    return deploy.operation


def _agree(world: World, operation: Operation) -> None:
    deploy = Deploy.objects.get(pk=operation.args["deploy"])
    confirm(world.browser, deploy, *(str(one["code"]) for one in deploy.reviewed_plan["warnings"]))


SCENARIOS: Mapping[str, Scenario] = {
    "wallet.create": Scenario(_create),
    "wallet.import": Scenario(_import),
    "wallet.limits": Scenario(_lower),
    thresholds.LOWER: Scenario(_lower_threshold),
    thresholds.RAISE: Scenario(_raise_threshold, _confirm),
    rails.SWITCH: Scenario(_switch),
    limits.RAISE: Scenario(_raise, _confirm),
    custody.EXPORT: Scenario(_export, _confirm),
    "passkey.trust": Scenario(_trust),
    payee_services.CONFIRM: Scenario(_pay_elsewhere, _confirm),
    deciding.DECIDE: Scenario(_decide, _confirm),
    freezes.UNFREEZE: Scenario(_unfreeze, _confirm),
    freezes.DUE: Scenario(_fall_due),
    "wallet.faucet": Scenario(_draw),
    checkouts.CREATE: Scenario(_pay_by_card),
    "tier.set": Scenario(_set_tier, seconds=400),
    "project.provision": Scenario(_provision),
    "project.delete": Scenario(_delete),
    "project.reveal": Scenario(_reveal),
    "secrets.set": Scenario(_set_secrets),
    "secret.delete": Scenario(_delete_secret),
    "deploy": Scenario(_deploy, _agree),
    "redeploy": Scenario(_redeploy, _agree),
    jobs.SUBMIT: Scenario(_submit_job),
    jobs.CANCEL: Scenario(_cancel_job),
}

#: Kinds that only read at Run402 and write much here.
READINGS: Mapping[str, Scenario] = {"project.adopt": Scenario(_adopt)}
