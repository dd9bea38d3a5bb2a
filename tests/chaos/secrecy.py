"""After everything: the record is whole, and nothing that should be sealed lies open anywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from audit import chains, keys
from audit.models import Chain
from tests.chaos.books import Books
from tests.chaos.ground import Ground
from tests.chaos.verdict import OTHER, Finding
from tools.services.postgres import program
from wallets import keysets, signer, vault
from wallets.models import Wallet

#: Of the panel's own folder: what may hold keys in clear, or is the sandbox's.
NOT_OURS = ("keys", "sandbox")


def findings(ground: Ground, books: Books) -> Iterator[Finding]:
    """Yield what is wrong with the record, and every secret that was found in clear."""
    verifier = keys.verifier((ground.layout.keys / keysets.AUDIT_PUBLIC).read_text())
    for chain in Chain.objects.order_by("key"):
        verdict = chains.verdict_of(chain.key, verifier)
        if verdict.broken:
            yield Finding(OTHER, f"audit chain {chain.key or 'instance'}: {verdict.sentence()}")
    secrets = _secrets(ground, books)
    for place, content in _places(ground):
        for name, secret in secrets.items():
            if secret in content:
                yield Finding(OTHER, f"{name} lies open in {place}")


def _secrets(ground: Ground, books: Books) -> dict[str, bytes]:
    """Return every service key, and every wallet's key as digits, by what it is."""
    settings.VAULT_PRIVATE_KEYSET = (ground.layout.keys / keysets.PRIVATE).read_text()
    found = {f"the service key of {made.name}": made.service_key.encode() for made in books.projects}
    for wallet in Wallet.objects.filter(state=Wallet.State.READY):
        key = vault.unseal(bytes(wallet.key_sealed), signer.key_context(wallet))
        found[f"the key of wallet {wallet.pk}"] = key.hex().encode()
        found[f"the raw key of wallet {wallet.pk}"] = key
    settings.VAULT_PRIVATE_KEYSET = ""
    return found


def _places(ground: Ground) -> Iterator[tuple[str, bytes]]:
    """Yield database, broker, logs and store. The sandbox's own folder knows its keys, of course."""
    for path in sorted(ground.layout.data.rglob("*")):
        if path.is_file() and path.relative_to(ground.layout.data).parts[0] not in NOT_OURS:
            yield str(path.relative_to(ground.layout.data)), _read(path)
    if ground.services and connection.vendor == "postgresql":
        dumped = subprocess.run(
            [program("pg_dump"), ground.services.postgres.url], capture_output=True, check=True
        )
        yield "the dump of the database", dumped.stdout


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a message that was taken meanwhile
        return b""
