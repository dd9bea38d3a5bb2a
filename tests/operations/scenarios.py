"""One real operation of every kind that changes something, against the real sandbox, and what it changed.

A new kind that mutates needs a scenario here: `test_killed` fails without it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import models
from django.test import Client

import run402
from audit.models import Event
from audit.record import SYSTEM
from billing import custody, limits, services
from billing.services import NewLimits
from deploys.models import Deploy, Release
from deploys.services import redeploy_release
from notifications.models import Mail
from operations import consent
from operations.models import Operation, Result
from projects import services as projects
from projects.models import Project
from teams.models import Team, User
from tests.billing.conftest import TIERS, call
from tests.deploys.conftest import SITE, confirm, upload
from tests.fixtures import run_all
from tests.passkeys import SoftPasskey
from tests.sandboxes import Sandbox
from wallets import passkeys, reveal, signer
from wallets.models import Gateway, Payment, SpendPolicy, TrustedPasskey, Wallet
from wallets.models.gateway import BASE_SEPOLIA

#: Rows that an operation adds once, whatever happens to its workers.
ROWS: tuple[type[models.Model], ...] = (
    Mail,
    Payment,
    Project,
    Release,
    Result,
    SpendPolicy,
    TrustedPasskey,
    Wallet,
)


#: What people do, and that a payment was in doubt for a while, which is so when an answer was lost.
NOT_COUNTED = ["operation.requested", "operation.decided", "operation.confirmed", "payment.unknown"]


@dataclass
class World:
    """A team, its people, a sandbox, and what was made there."""

    sandbox: Sandbox
    team: Team
    alice: User
    browser: Client
    _names: Any = field(default_factory=itertools.count)
    passkey: SoftPasskey | None = None

    @property
    def gateway(self) -> Gateway:
        gateway = self.sandbox.gateway
        gateway.tiers = TIERS
        gateway.save(update_fields=["tiers"])
        return gateway

    def name(self, word: str) -> str:
        return f"{word}-{next(self._names)}"

    def wallet(self, micros: int = 1_000_000) -> Wallet:
        """A wallet that a worker made, with money in it."""
        made = services.make_wallet(
            team=self.team,
            actor=self.alice,
            gateway=self.gateway,
            label=self.name("wallet"),
            limits=NewLimits(1_000_000, 2_000_000),
        )
        run_all()
        made.refresh_from_db()
        if micros:
            funds = {"address": made.address, "amount_usd_micros": micros}
            call(self.sandbox, "POST", "/_sandbox/fund", funds)
        return made

    def tiered(self) -> Wallet:
        """The same with a paid prototype tier."""
        wallet = self.wallet()
        services.set_tier(wallet=wallet, actor=self.alice, tier="prototype", shown_micros=100_000)
        run_all()
        wallet.refresh_from_db()
        return wallet

    def project(self) -> Project:
        """A project that exists at the sandbox."""
        wallet = self.tiered()
        made = projects.create_project(
            team=self.team, actor=self.alice, wallet=wallet, name=self.name("project")
        )
        run_all()
        made.refresh_from_db()
        return made

    def confirmer(self) -> SoftPasskey:
        """Alice's passkey, let in at once."""
        if self.passkey is None:
            passkeys.allow_first(self.team, self.alice, actor=SYSTEM)
            self.passkey = SoftPasskey(self.alice)
            self.passkey.register()
            run_all()
        return self.passkey


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


def _raise(world: World) -> Operation:
    world.confirmer()
    wallet = world.wallet(0)
    policy = SpendPolicy.objects.filter(wallet=wallet).latest("version")
    wanted = NewLimits(3_000_000, 4_000_000)
    return limits.raise_limits(wallet=wallet, policy=policy, actor=world.alice, limits=wanted)


def _export(world: World) -> Operation:
    world.confirmer()
    return custody.export_wallet(wallet=world.wallet(0), actor=world.alice, reader=_reader())


def _trust(world: World) -> Operation:
    SoftPasskey(world.alice, world.name("passkey")).register()
    return Operation.objects.filter(kind="passkey.trust").latest("created_at")


def _reader() -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    return reveal.encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _confirm(world: World, operation: Operation) -> None:
    consent.give(operation, actor=world.alice, assertion=world.confirmer().confirm(operation))


def _draw(world: World) -> Operation:
    return services.draw_faucet(wallet=world.wallet(0), actor=world.alice)


def _set_tier(world: World) -> Operation:
    return services.set_tier(wallet=world.wallet(), actor=world.alice, tier="prototype", shown_micros=100_000)


def _provision(world: World) -> Operation:
    name = world.name("asked")
    return _of(projects.create_project(team=world.team, actor=world.alice, wallet=world.tiered(), name=name))


def _reveal(world: World) -> Operation:
    return projects.reveal_service_key(project=world.project(), actor=world.alice, reader=_reader())


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
    limits.RAISE: Scenario(_raise, _confirm),
    custody.EXPORT: Scenario(_export, _confirm),
    "passkey.trust": Scenario(_trust),
    "wallet.faucet": Scenario(_draw),
    "tier.set": Scenario(_set_tier, seconds=400),
    "project.provision": Scenario(_provision),
    "project.reveal": Scenario(_reveal),
    "deploy": Scenario(_deploy, _agree),
    "redeploy": Scenario(_redeploy, _agree),
}


def effects(world: World, operation: Operation) -> dict[str, Any]:
    """Return everything there is one more of after an operation: rows, entries of the record, and what Run402 has."""
    wallet, project = operation.wallet, None
    if operation.project_id:
        project = Project.objects.filter(pk=operation.project_id).first()
    own = Event.objects.exclude(action__in=NOT_COUNTED)
    found: dict[str, Any] = {row.__name__: row._default_manager.count() for row in ROWS}
    found |= Counter(own.values_list("action", flat=True))
    if wallet is None or not wallet.gateway.is_sandbox or not wallet.is_ready:
        return found
    with signer.client(wallet.gateway, wallet) as client:
        found["micros"] = client.balance.usdc(BASE_SEPOLIA, wallet.address)
        found["projects"] = len(client.projects.list_by_wallet(wallet.address))
        if project and project.anon_key and operation.kind in ("deploy", "redeploy"):
            live = client.releases.active(anon_key=project.anon_key, site_limit=1)
            found["generation"] = live.release_generation if live else 0
    return found
