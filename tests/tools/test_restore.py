"""With real processes: backed up before something paid, restored afterwards, it pays and applies nothing twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
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
PATIENCE = 120.0

#: As the person does who looked at what waits for review.
RESUME = """
from operations import queue
from operations.models import Operation
for found in Operation.objects.filter(state="waiting", reason="review"):
    queue.decide(found, actor=found.actor, checkpoints={}, message="Resumed")
"""
STATES = """
from operations.models import Operation
print(*Operation.objects.filter(kind__in=["tier.set", "deploy"]).values_list("kind", "state", "reason"))
"""
ADDRESS = (
    "from wallets.models import Wallet; print(Wallet.objects.get().address, Wallet.objects.get().is_frozen)"
)
PLANNED = """
from operations.models import Operation
print(Operation.objects.filter(kind="wallet.catch_up").count())
"""
PAID = """
from wallets.models import Payment
print(*Payment.objects.values_list("kind", "state", "settled_micros"))
"""


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


def shell(layout: Layout, code: str) -> str:
    return manage(layout, "shell", "-v", "0", "-c", code)


def wait_until(layout: Layout, code: str, wanted: str) -> None:
    """Ask until the answer holds what is wanted."""
    deadline = time.monotonic() + PATIENCE
    while wanted not in (told := shell(layout, code)):
        assert time.monotonic() < deadline, told
        time.sleep(1)


def moved(sandbox_url: str, address: str) -> list[Sent]:
    """Return what the gateway's own ledger says left the wallet."""
    with Client(sandbox_url, rpc_urls=[f"{sandbox_url}/rpc"]) as client:
        return list(client.transfers.sent(SEPOLIA, address, since=int(time.time()) - 3600, until=0))


def state_of(sandbox_url: str) -> str:
    """Return the page that lists all that the sandbox keeps, but for the time."""
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
        address = shell(old.layout, ADDRESS).split()[0]
        paid, served = moved(old.sandbox_url, address), state_of(old.sandbox_url)
        assert [one.micros for one in paid] == [100_000]
        old.kill("web")
        old.kill("worker")

        new = _restored(old, tmp_path / "new", file)
        with Stack(new, patience=3) as fresh:
            fresh.restart("web")
            fresh.restart("worker")
            sandbox = Sandbox(old.sandbox_url, tmp_path)
            wait_until(
                new,
                PLANNED,
                "1",
            )
            assert shell(new, STATES) == "('tier.set', 'waiting', 'review')"
            turn(sandbox, {"do": "clock", "seconds": SETTLED_SECONDS, "only": "proofs"})
            wait_until(new, ADDRESS, "False")
            turn(sandbox, None)
            assert shell(new, STATES) == "('tier.set', 'waiting', 'review')"
            assert shell(new, PAID) == "('tier.set', 'settled', 100000)"

            with Browser(new.panel_port) as browser:
                Smoke(fresh, old.owner, browser).log_in()
                page = browser.get("/instance/stops")
                assert "restored from a backup and is paused" in page.words
                page = browser.submit(page, page.form(action="/instance/stops/lift"))
                assert "Nothing is stopped" in page.words
            shell(new, RESUME)
            wait_until(new, STATES, "succeeded")

        assert moved(old.sandbox_url, address) == paid
        assert state_of(old.sandbox_url) == served


def _ask_for_the_tier(smoke: Smoke) -> None:
    """Ask while no worker is there: the backup holds it unfinished, and the old instance pays for it afterwards."""
    number = smoke.wallet.rsplit("/", 1)[1]
    smoke.page_with(
        f"/tiers?wallet={number}", lambda page: any("/tier/prototype" in link for link in page.links())
    )
    smoke.stack.kill("worker")
    offer = smoke.browser.get(f"/wallets/{number}/tier/prototype")
    smoke.browser.submit(offer, offer.form(id="pay"))


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
