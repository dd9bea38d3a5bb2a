"""What the sandbox has on record, read from its file and not through its API."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Paid:
    """One authorization that was used on the sandbox's ledger."""

    payer: str
    nonce: str
    micros: int
    transaction: str


@dataclass(frozen=True)
class Made:
    """One project of the sandbox."""

    id: str
    owner: str
    name: str
    live: str
    service_key: str
    deleted: bool = False


@dataclass(frozen=True)
class Released:
    """One release that was live at some time. `key` is that of its plan; `site` has a digest for each path."""

    id: str
    project: str
    key: str
    site: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """One run of a job. `cost` is None while it goes on."""

    id: str
    project: str
    status: str
    cost: int | None


@dataclass(frozen=True)
class Books:
    """The sandbox's rows at one moment. Addresses are in lower case; `payments` counts transfers.

    `secrets` has values by project and name; `checkouts` says which are paid.
    """

    paid: list[Paid] = field(default_factory=list)
    payments: int = 0
    drips: list[str] = field(default_factory=list)
    projects: list[Made] = field(default_factory=list)
    releases: list[Released] = field(default_factory=list)
    jobs: list[Ran] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    checkouts: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Books:
        """Read the file in the sandbox's folder."""
        with contextlib.closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as database:
            return cls(
                paid=[Paid(*row) for row in database.execute(_PAID)],
                payments=database.execute(_PAYMENTS).fetchone()[0],
                drips=[row[0] for row in database.execute(_DRIPS)],
                projects=[Made(*row) for row in database.execute(_PROJECTS)],
                releases=[_released(*row) for row in database.execute(_RELEASES)],
                secrets={(project, key): value for project, key, value in database.execute(_SECRETS)},
                jobs=[Ran(*row) for row in database.execute(_JOBS)],
                balances=dict(database.execute("SELECT address, micros FROM balances")),
                tiers=dict(
                    database.execute("SELECT lower(address), tier FROM accounts WHERE tier IS NOT NULL")
                ),
                checkouts={
                    row[0]: bool(row[1]) for row in database.execute("SELECT id, paid_at FROM checkouts")
                },
            )


def _released(number: str, project: str, key: str, state: str) -> Released:
    site = {path: file["sha256"] for path, file in json.loads(state)["site"].items()}
    return Released(number, project, key, site)


FILE = "sandbox.sqlite3"
_PAYMENTS = "SELECT count(*) FROM transfers WHERE kind = 'payment'"
_PAID = """
SELECT a.payer, a.nonce, t.micros, a.transaction_hash
FROM authorizations a JOIN transfers t ON t.transaction_hash = a.transaction_hash
"""
_DRIPS = "SELECT recipient FROM transfers WHERE kind = 'faucet'"
_PROJECTS = """
SELECT id, lower(owner), name, coalesce(active_release_id, ''), service_key, deleted_at IS NOT NULL FROM projects
"""
_SECRETS = "SELECT project_id, key, value FROM secret_values"
_JOBS = "SELECT id, project_id, status, cost_micros FROM jobs"
_RELEASES = """
SELECT r.id, r.project_id, coalesce(p.idempotency_key, ''), r.state
FROM releases r LEFT JOIN plans p ON p.id = r.plan_id
WHERE r.activated_at IS NOT NULL
"""
