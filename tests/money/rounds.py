"""Rounds of parallel spends on one small cap, with processes killed between two steps, and the count afterwards."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

import run402
from audit.record import SYSTEM
from core.errors import Refusal
from operations import runner
from operations.models import ACTIVE, Operation, State
from operations.registry import INTERACTIVE
from run402 import jsontext
from run402.x402.challenge import decode_base64
from teams.models import Role, Team, User
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.money.killing import STEPS, Plan, Process
from tests.money.spend import KIND
from tests.sandboxes import Sandbox, turn
from wallets import closing, policies, signer, spending, vault
from wallets.limits import Limits
from wallets.models import GatewayStanding, Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.spending import Charge

PRICE = 100_000
#: A payment that was signed can settle no more after this long (contract: identity 3.7).
EXPIRED_SECONDS = 400
MOST_GENERATIONS = 60


@dataclass
class Tally:
    """What went wrong, in counts, and how much happened."""

    rounds: int = 0
    over_cap: int = 0
    double: int = 0
    leaked: int = 0
    killed: int = 0
    settled: int = 0
    lost: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.over_cap or self.double or self.leaked or self.notes)


class Rounds:
    """The world that rounds share: a team, its owner, a sandbox over HTTP, and a seed."""

    def __init__(self, sandbox: Sandbox, folder: Path, seed: int, *, spends: int, processes: int) -> None:
        self.sandbox, self.folder, self.random = sandbox, folder, random.Random(seed)
        self.spends, self.processes, self.tally = spends, processes, Tally()
        self.gateway = sandbox.gateway
        self.team: Team = TeamFactory.create(name="Money")
        self.owner: User = UserFactory.create()
        MembershipFactory.create(team=self.team, user=self.owner, role=Role.OWNER)

    def round(self) -> None:
        """Spend more than the cap allows, kill, recover until all has ended, and count."""
        number = self.tally.rounds
        cap = PRICE * self.random.randint(self.spends // 5, self.spends // 2)
        wallet, log = self._wallet(number, cap), self.folder / f"sent-{number}"
        operations = [self._ask(wallet) for _ in range(self.spends)]
        self._lose_some_answers()
        for _generation in range(3):
            self._generation([self._plan() for _ in range(self.processes)], log)
        turn(self.sandbox, None)
        self._to_the_end(wallet, log)
        self._count(wallet, cap, operations, log)
        self.tally.rounds += 1

    def _wallet(self, number: int, cap: int) -> Wallet:
        key = run402.new_key()
        wallet = Wallet.objects.create(
            team=self.team,
            gateway=self.gateway,
            owner=self.owner,
            label=f"Round {number}",
            origin=Wallet.Origin.MADE,
            state=Wallet.State.READY,
            address=run402.address_of(key),
        )
        wallet.key_sealed = vault.seal(key, signer.key_context(wallet))
        wallet.save(update_fields=["key_sealed"])
        policies.write(wallet, Limits(PRICE, cap, (BASE_SEPOLIA,)))
        self.sandbox.fund(wallet.address, self._funds)
        return wallet

    @property
    def _funds(self) -> int:
        """Twice what all spends cost: the limit stops them, not the balance."""
        return 2 * PRICE * self.spends

    def _ask(self, wallet: Wallet) -> Operation:
        """Put one spend in line, past the queue: without a lane, so that they meet."""
        return Operation.objects.create(
            kind=KIND,
            title="Spend",
            team=self.team,
            gateway=self.gateway,
            wallet=wallet,
            actor=self.owner,
            actor_label=self.owner.label,
            queue=INTERACTIVE,
            args={"tier": "prototype", "micros": PRICE, "network": BASE_SEPOLIA, "purpose": "Spend"},
        )

    def _plan(self) -> Plan:
        return Plan(self.random.choice((*STEPS, "")), self.random.randint(1, 2))

    def _lose_some_answers(self) -> None:
        """In every third round, the connection is cut after the gateway has done what it was asked."""
        if self.random.random() < 1 / 3:
            self.tally.lost += 1
            knob = self.random.choice(("drop_after", "lose_settlement"))
            path: dict[str, object] = {"path": "/tiers/v1/prototype", "method": "POST"}
            turn(self.sandbox, {"do": knob, "times": self.random.randint(1, 3), **path})

    def _generation(self, plans: list[Plan], log: Path) -> None:
        """Let processes spend side by side; afterwards do what the sweeper does for those that died."""
        processes = [Process(plan, log) for plan in plans]
        self.tally.killed += sum([process.wait() for process in processes])
        self._recover()

    def _recover(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Operation.objects.filter(state=State.RUNNING).update(lease_until=past, attempts=1)
        runner.sweep(INTERACTIVE)
        Operation.objects.filter(state=State.QUEUED).update(not_before=past, attempts=0)
        GatewayStanding.objects.all().delete()

    def _to_the_end(self, wallet: Wallet, log: Path) -> None:
        """Go on without kills; what can only be looked up on the chain is, once it has expired."""
        for generation in range(MOST_GENERATIONS):
            if not Operation.objects.filter(wallet=wallet, state__in=ACTIVE).exists():
                break
            ahead = EXPIRED_SECONDS if generation > 1 else 0
            turn(self.sandbox, {"do": "clock", "seconds": ahead, "only": "proofs"})
            self._generation([Plan(ahead=ahead)] * min(self.processes, 3), log)
        else:
            self.tally.notes.append(f"round {self.tally.rounds} did not end")
        turn(self.sandbox, {"do": "clock", "seconds": 0, "only": "proofs"})

    def _count(self, wallet: Wallet, cap: int, operations: list[Operation], log: Path) -> None:
        """Compare the ledger, what the chain says, and what was seen leaving."""
        tally, payments = self.tally, Payment.objects.filter(wallet=wallet)
        settled = payments.filter(state=Payment.State.SETTLED).count()
        counted = sum(payments.filter(state__in=Payment.COUNTING).values_list("amount_micros", flat=True))
        moved = self._funds - self._balance(wallet)
        tally.settled += settled
        tally.over_cap += max(counted, moved) > cap
        tally.double += _signed_twice(log) + (moved != settled * PRICE)
        tally.leaked += payments.filter(state__in=("reserved", "signed", "unknown")).count()
        tally.leaked += not self._has_left(wallet, cap - settled * PRICE)
        tally.leaked += payments.exclude(authorization_sealed=b"").count()

    def _balance(self, wallet: Wallet) -> int:
        with signer.client(self.gateway) as client:
            return client.balance.usdc(BASE_SEPOLIA, wallet.address)

    def _has_left(self, wallet: Wallet, micros: int) -> bool:
        """Whether exactly what was not spent can be reserved still, and not a micro more."""
        policies.write(wallet, Limits(10 * PRICE * self.spends, policies.verified(wallet).per_day_micros))
        return not self._reserves(wallet, micros + 1) and self._reserves(wallet, micros)

    def _reserves(self, wallet: Wallet, micros: int) -> bool:
        charge = Charge(uuid.uuid4(), KIND, "What is left", micros, BASE_SEPOLIA, SYSTEM)
        try:
            closing.release(spending.reserve(wallet, charge), actor=SYSTEM)
        except Refusal:
            return False
        return True


def _signed_twice(log: Path) -> int:
    """Return for how many spends more than one authorization left, as the sending side saw it."""
    seen: dict[str, set[Any]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        key, header = line.split(" ")
        seen.setdefault(key, set()).add(_nonce(header))
    return sum(len(nonces) > 1 for nonces in seen.values())


def _nonce(header: str) -> Any:
    document = jsontext.loads(decode_base64(header) or b"{}")
    return document["payload"]["authorization"]["nonce"] if isinstance(document, dict) else header
