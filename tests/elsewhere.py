"""A project made past the panel, as the CLI makes one with a wallet's own key: written into the sandbox's file."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path

FILE = "sandbox.sqlite3"
_INSERT = """
INSERT INTO projects (id, number, owner, name, anon_key, service_key, created_at)
VALUES (:id, (SELECT coalesce(max(number), 0) + 1 FROM projects), :owner, :name, :anon_key, :service_key, :now)
"""


def make_project(folder: Path, wallet: str, name: str) -> dict[str, str]:
    """Make a project of the wallet with this address in the sandbox of this folder; return its id, owner and keys."""
    made = {
        "id": f"prj_{secrets.token_hex(8)}",
        "owner": wallet.lower(),
        "name": name,
        "anon_key": f"anon_{secrets.token_hex(12)}",
        "service_key": f"service_{secrets.token_hex(12)}",
    }
    with contextlib.closing(sqlite3.connect(folder / FILE, timeout=20)) as database, database:
        database.execute(_INSERT, {**made, "now": time.time()})
    return made
