"""A team with wallets, projects and passkeys at the real sandbox, and a count of what an operation may add."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.test import Client

from audit.models import Event
from audit.record import SYSTEM
from billing import freezes, services
from billing.services import NewLimits
from deploys.models import Release
from jobs.models import Job
from notifications.models import Mail
from operations.models import Operation, Result
from projects import services as projects
from projects.keys import service_key
from projects.models import Project, Secret, SecretDraft
from teams.models import Team, User
from tests.billing.conftest import TIERS, call
from tests.fixtures import run_all
from tests.passkeys import SoftPasskey
from tests.sandboxes import Sandbox
from wallets import passkeys, signer
from wallets.models import (
    Checkout,
    Freeze,
    Gateway,
    Payee,
    Payment,
    SpendPolicy,
    TrustedPasskey,
    Unfreezing,
    Wallet,
)
from wallets.models.gateway import BASE_SEPOLIA

#: Rows that an operation adds once, whatever happens to its workers.
ROWS: tuple[type[models.Model], ...] = (
    Checkout,
    Freeze,
    Job,
    Mail,
    Payee,
    Payment,
    Project,
    Release,
    Result,
    Secret,
    SecretDraft,
    SpendPolicy,
    TrustedPasskey,
    Unfreezing,
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

    def paid_project(self) -> Project:
        """The same, whose wallet has a balance at Run402, from which jobs are paid."""
        project = self.project()
        self.sandbox.credit(project.wallet.address, 1_000_000)
        return project

    def confirmer(self) -> SoftPasskey:
        """Alice's passkey, let in at once."""
        if self.passkey is None:
            passkeys.allow_first(self.team, self.alice, actor=SYSTEM)
            self.passkey = SoftPasskey(self.alice)
            self.passkey.register()
            run_all()
        return self.passkey


def effects(world: World, operation: Operation) -> dict[str, Any]:
    """Return everything there is one more of after an operation: rows, entries of the record, and what Run402 has."""
    wallet, project = operation.wallet, None
    if operation.project_id:
        project = Project.objects.filter(pk=operation.project_id).first()
    own = Event.objects.exclude(action__in=NOT_COUNTED)
    found: dict[str, Any] = {row.__name__: row._default_manager.count() for row in ROWS}
    found["falls due"] = Operation.objects.filter(kind=freezes.DUE).count()
    found |= Counter(own.values_list("action", flat=True))
    if wallet is None or not wallet.gateway.is_sandbox or not wallet.is_ready:
        return found
    with signer.client(wallet.gateway, wallet) as client:
        found["micros"] = client.balance.usdc(BASE_SEPOLIA, wallet.address)
        found["projects"] = len(client.projects.list_by_wallet(wallet.address))
        if project and project.anon_key and operation.kind in ("deploy", "redeploy"):
            live = client.releases.active(anon_key=project.anon_key, site_limit=1)
            found["generation"] = live.release_generation if live else 0
        if project and operation.kind in ("secrets.set", "secret.delete"):
            listed = client.secrets.list(project.remote_id, service_key=service_key(project))
            found["secrets"] = len(listed)
        if operation.kind.startswith("job."):
            account = client.billing.account()
            found["prepaid"] = (account.available_micros or 0) + (account.held_micros or 0)
    return found
