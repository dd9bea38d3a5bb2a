"""What the processes of the rotation check do; each has called `django.setup()` in an environment of its own."""

from __future__ import annotations

import json
import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.db import transaction

from operations import pulse, results
from operations.models import Operation, Result
from projects import keys as project_keys
from projects.models import Project
from tests.factories import OperationFactory, ProjectFactory, WalletFactory
from wallets import policies, resealing, rotation, sealed, signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.policies import Limits
from wallets.vault import Locked

LIMITS = Limits(1_000_000, 2_000_000, (BASE_SEPOLIA,))
SEED = b"k" * 32
PULSE_SECONDS = 0.5
#: Two readers would else take both cores of a small machine, and the rotation would wait for them.
READER_PAUSE_SECONDS = 0.002
#: Answers expire within the grace of the check, as theirs of a quarter of an hour do within that of a server.
LIFE = timedelta(seconds=2)


def prepare(wallets: int) -> None:
    """Make the database with its wallets, a tenth as many projects, and a copy of some ciphertexts from before."""
    call_command("migrate", verbosity=0)
    first = WalletFactory.create()
    made = [_wallet(first, number) for number in range(wallets)]
    Wallet.objects.bulk_create(made)
    with transaction.atomic():
        _limits_and_projects(made)
    OperationFactory.create(team=first.team, gateway=first.gateway)
    Wallet.objects.filter(pk=first.pk).delete()
    before = {str(wallet.pk): wallet.key_sealed.hex() for wallet in made[:20]}
    (_folder() / "before.json").write_text(json.dumps(before))


def _limits_and_projects(made: list[Wallet]) -> None:
    for wallet in made:
        policies.write(wallet, LIMITS)
    for wallet in made[::10]:
        project = ProjectFactory.create(team=wallet.team, wallet=wallet)
        project.service_key_sealed = project_keys.sealer(project.pk)(f"service-{project.pk}")
        project.save(update_fields=["service_key_sealed"])


def _wallet(first: Wallet, number: int) -> Wallet:
    wallet = Wallet(
        team_id=first.team_id,
        gateway_id=first.gateway_id,
        owner_id=first.owner_id,
        label=f"Wallet {number}",
        origin=Wallet.Origin.MADE,
        state=Wallet.State.READY,
        address=f"0x{uuid.uuid4().hex:0>40}",
    )
    wallet.key_sealed = vault.seal(_key_of(wallet), signer.key_context(wallet))
    return wallet


def _key_of(wallet: Wallet) -> bytes:
    """Return the key that the check expects back, another one for each row."""
    return SEED[:16] + wallet.pk.bytes


def reader(name: str) -> Callable[[], None]:
    """Return a step that opens a random wallet, its limits and a project: read now, or held since the start."""
    held = list(Wallet.objects.filter(state=Wallet.State.READY))
    projects = list(Project.objects.all())
    last = 0.0

    def step() -> None:
        nonlocal last
        if time.monotonic() - last > PULSE_SECONDS:
            pulse.beat_once(name)
            last = time.monotonic()
        _open(random.choice(held))
        _open(Wallet.objects.get(pk=random.choice(held).pk))
        _open(Wallet.objects.order_by("-created_at")[random.randrange(20)])
        project = random.choice(projects)
        assert project_keys.service_key(project) == f"service-{project.pk}"
        time.sleep(READER_PAUSE_SECONDS)

    return step


def _open(wallet: Wallet) -> None:
    context = signer.contexts(wallet)[0]
    assert vault.unseal_field(wallet, "key_sealed", context) == _key_of(wallet)
    if wallet.is_ready:
        assert policies.verified(wallet) == LIMITS


def make() -> None:
    """Make a wallet with its limits, as a worker does, write another one's limits anew, and keep an answer."""
    some = Wallet.objects.filter(state=Wallet.State.READY).first()
    assert some is not None
    made = _wallet(some, 0)
    made.state = Wallet.State.MAKING
    made.key_sealed = vault.seal(_key_of(made), signer.import_context(made.pk))
    made.save(force_insert=True)
    policies.write(made, LIMITS)
    policies.write(some, LIMITS)
    Wallet.objects.filter(pk=made.pk).update(
        key_sealed=vault.seal(_key_of(made), signer.key_context(made)), state=Wallet.State.READY
    )
    number = random.randrange(6)
    field, rows = f"rows-{number}", 2000 * (number % 2)
    results.put(Operation.objects.get(), field, field.encode() * 100, rows=rows, life=LIFE)
    results.sweep()
    time.sleep(0.02)


def seal() -> None:
    """Seal a key on its way in and read an answer, as web does: it holds no private keyset."""
    assert not vault.can_unseal()
    for answer in Result.objects.select_related("team", "operation")[:1]:
        told = results.get(answer.operation, answer.field, answer.team)
        assert told in (None, answer.field.encode() * 100)
    some = Wallet.objects.filter(state=Wallet.State.READY).first()
    assert some is not None
    arriving = Wallet(
        team_id=some.team_id,
        gateway_id=some.gateway_id,
        owner_id=some.owner_id,
        label="Arriving",
        state="making",
    )
    arriving.origin = Wallet.Origin.IMPORTED
    arriving.key_sealed = vault.seal(_key_of(arriving), signer.import_context(arriving.pk))
    arriving.save(force_insert=True)
    time.sleep(0.02)


def verify() -> None:
    """Print what is wrong at the end, as JSON: unreadable rows, rows on an old key, old keys that still open."""
    wrong = [f"wallet {wallet.pk} does not open" for wallet in Wallet.objects.all() if not _opens(wallet)]
    for name in rotation.FILES:
        keys = rotation.keys_in(_folder() / "keys", name)
        if keys.old or keys.waiting or rotation.backups(_folder() / "keys", name):
            wrong.append(f"{name}: old keys or their files are still there")
    for name, column in sealed.sealed_columns.items():
        if isinstance(column, sealed.SealedColumn | sealed.MacColumn) and resealing.older_keys(column):
            wrong.append(f"{name}: rows are left on an old key")
    sys.stdout.write(json.dumps(wrong + _still_open()))


def _opens(wallet: Wallet) -> bool:
    try:
        _open(wallet)
    except (Locked, AssertionError):
        return False
    return True


def _still_open() -> list[str]:
    before = json.loads((_folder() / "before.json").read_text())
    wrong = []
    for row in Wallet.objects.filter(pk__in=before):
        try:
            vault.unseal(bytes.fromhex(before[str(row.pk)]), signer.key_context(row))
            wrong.append(f"wallet {row.pk}: its old ciphertext still opens")
        except Locked:
            pass
    return wrong


def _folder() -> Path:
    return Path(os.environ["PANEL_DATA"])
