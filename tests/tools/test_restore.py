"""With real processes: backed up before something paid, restored afterwards, it pays and applies nothing twice."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing
from pathlib import Path

import httpx

from run402 import Client
from run402.resources.transfers import Sent
from tests.sandboxes import Sandbox, turn
from tools.forms import Browser
from tools.layout import ROOT, Layout
from tools.ports import free_ports
from tools.smoke import Smoke
from tools.stack import Stack

SEPOLIA = "eip155:84532"
#: Nothing that was signed before the restore settles after so long.
SETTLED_SECONDS = 400
PATIENCE = 180.0

REVIEW = "SELECT id FROM operations_operation WHERE state = 'waiting' AND reason = 'review'"
STATES = "SELECT kind, state, reason FROM operations_operation WHERE kind IN ('tier.set', 'deploy')"
PLANNED = "SELECT count(*) FROM operations_operation WHERE kind = 'wallet.catch_up'"
FROZEN = "SELECT count(*) FROM wallets_wallet WHERE frozen_at IS NOT NULL"
PAID = "SELECT kind, state, settled_micros FROM wallets_payment"
ADDRESS = "SELECT address FROM wallets_wallet"


def manage(layout: Layout, *arguments: str) -> str:
    """Run a command beside the worker and return what it prints."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=layout.environment("worker"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def rows(layout: Layout, query: str) -> list[tuple[object, ...]]:
    """Look into the instance's database, past the panel."""
    with closing(sqlite3.connect(f"file:{layout.data}/panel.sqlite3?mode=ro", uri=True)) as database:
        return list(database.execute(query))


def wait_until(layout: Layout, query: str, wanted: list[tuple[object, ...]]) -> None:
    """Ask until the rows are as wanted."""
    deadline = time.monotonic() + PATIENCE
    while (found := rows(layout, query)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)


def moved(sandbox_url: str, address: str) -> list[Sent]:
    """Return what the gateway's own ledger says left the wallet."""
    with Client(sandbox_url, rpc_urls=[f"{sandbox_url}/rpc"]) as client:
        return list(client.transfers.sent(SEPOLIA, address, since=int(time.time()) - 3600, until=0))


def served_at(sandbox_url: str) -> str:
    """Return what the deployed site serves."""
    port = sandbox_url.rpartition(":")[2]
    answer = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": f"smoke.localhost:{port}"}, timeout=10)
    return answer.text


def test_a_backup_taken_before_a_paid_tier_and_a_deploy_pays_and_applies_nothing_twice(
    tmp_path: Path,
) -> None:
    with Stack.start(tmp_path / "old", patience=3) as old:
        assert old.owner is not None
        file = tmp_path / "panel.tar"
        with Browser(old.layout.panel_port) as browser:
            smoke = Smoke(old, old.owner, browser)
            smoke.log_in()
            smoke.make_wallet()
            smoke.fill_from_faucet()
            _ask_for_the_tier(smoke)
            manage(old.layout, "backup", "--to", str(file))
            old.restart("worker")
            smoke.wait_for("tier.set")
            smoke.make_project()
            smoke.deploy_first()
        address = str(rows(old.layout, ADDRESS)[0][0])
        paid, served = moved(old.sandbox_url, address), served_at(old.sandbox_url)
        assert [one.micros for one in paid] == [100_000]
        old.kill("web")
        old.kill("worker")

        new = _restored(old, tmp_path / "new", file)
        with Stack(new, patience=3) as fresh:
            fresh.restart("web")
            fresh.restart("worker")
            sandbox = Sandbox(old.sandbox_url, tmp_path)
            wait_until(new, PLANNED, [(1,)])
            assert rows(new, STATES) == [("tier.set", "waiting", "review")]
            turn(sandbox, {"do": "clock", "seconds": SETTLED_SECONDS, "only": "blocks"})
            wait_until(new, FROZEN, [(0,)])
            turn(sandbox, None)
            assert rows(new, STATES) == [("tier.set", "waiting", "review")]
            assert rows(new, PAID) == [("tier.set", "settled", 100_000)]

            with Browser(new.panel_port) as browser:
                Smoke(fresh, old.owner, browser).log_in()
                page = browser.get("/instance/stops")
                assert "restored from a backup and is paused" in page.words
                page = browser.submit(page, page.form(action="/instance/stops/lift"))
                assert "Nothing is stopped" in page.words
                _resume(new, browser)
            wait_until(new, STATES, [("tier.set", "succeeded", "")])

        assert moved(old.sandbox_url, address) == paid
        assert served_at(old.sandbox_url) == served


def _ask_for_the_tier(smoke: Smoke) -> None:
    """Ask while no worker is there: the backup holds it unfinished, and the old instance pays for it afterwards."""
    number = smoke.wallet.rsplit("/", 1)[1]
    smoke.page_with(
        f"/tiers?wallet={number}", lambda page: any("/tier/prototype" in link for link in page.links())
    )
    smoke.stack.kill("worker")
    offer = smoke.browser.get(f"/wallets/{number}/tier/prototype")
    smoke.browser.submit(offer, offer.form(id="pay"))


def _resume(layout: Layout, browser: Browser) -> None:
    """Press Resume on the page of what waits for review."""
    ((found,),) = rows(layout, REVIEW)
    page = browser.get(f"/activity/{uuid.UUID(str(found))}")
    browser.submit(page, page.form(action="/resume"))


def _restored(old: Stack, data: Path, file: Path) -> Layout:
    """Make another instance of the backup, with the keysets that were kept apart, at the same gateway."""
    (port,) = free_ports(1)
    layout = Layout(data, port, old.layout.sandbox_port)
    data.mkdir(mode=0o700)
    shutil.copytree(old.layout.keys, layout.keys)
    layout.make_folders()
    manage(layout, "restore", str(file))
    manage(layout, "createcachetable", "--database", "cache")
    manage(layout, "operator", "owner@example.com")
    return layout
