"""A worker's environment for the rounds, and their line."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from operations import wake
from tests.money.rounds import Tally
from wallets import keysets


def prepare(folder: Path) -> None:
    """Give this process, and those that it forks, a worker's keys; nobody has to be woken, and nobody waits a turn."""
    keys = folder / "keys"
    keysets.create(keys)
    settings.VAULT_PUBLIC_KEYSET = (keys / keysets.PUBLIC).read_text()
    settings.VAULT_PRIVATE_KEYSET = (keys / keysets.PRIVATE).read_text()
    settings.POLICY_MAC_KEYSET = (keys / keysets.POLICY_MAC).read_text()
    settings.RESULTS_KEYSET = (keys / keysets.RESULTS).read_text()
    settings.GATEWAY_RATES = {"": 0.0}
    wake._post = lambda queue: None


def line(tally: Tally, seed: int) -> str:
    """Return what the rounds have to say."""
    engine = connection.vendor
    notes = "".join(f"; {note}" for note in tally.notes)
    return (
        f"money: {tally.rounds} rounds, {tally.over_cap} over cap, {tally.double} double, {tally.leaked} leaked "
        f"({engine}, seed {seed}: {tally.settled} paid, {tally.killed} processes killed, "
        f"{tally.lost} rounds with lost answers{notes})"
    )
