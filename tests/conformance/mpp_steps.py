"""Part 6: our client pays a server of npm's `mppx` on a local Tempo, where the extra can be installed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run402 import address_of, mpp, new_key
from tests.conformance.kit import Kit, Talker
from tests.conformance.mpp_chain import TempoChain, tempo_chain
from tests.conformance.report import Report
from tools.bootstrap import CACHE, BootstrapError, fetch_uv, find_interpreter, run, uv_environment, working_uv
from tools.layout import ROOT
from tools.node import uv_pip

LOCK = ROOT / "requirements-mpp.txt"
PANEL_LOCK = ROOT / "requirements-dev.txt"
VENV = CACHE / "mpp"
OTHER_TOKEN = "0x20c0000000000000000000000000000000000001"
START, PRICE, FEE = 5_000_000, 100_000, 50_000
LONGER_THAN_VALID = 400
PANEL_SECONDS = 180


@dataclass(frozen=True)
class Shop:
    """The chain, the server that is paid, and our client that pays.

    Every payment is made from a wallet of its own: this anvil includes only the first transfer of an account, since
    all of them have one and the same nonce on Tempo.
    """

    chain: TempoChain
    client: Talker
    server: Talker
    url: str
    payee: str
    python: Path

    def wallet(self) -> bytes:
        """The key of a new wallet with money."""
        key = new_key()
        self.chain.fund(address_of(key), START)
        return key

    def balances(self, key: bytes) -> tuple[int, int]:
        """Payer and payee, in micros."""
        return self.chain.reader.balance(address_of(key)), self.chain.reader.balance(self.payee)

    def pay(self, path: str, key: bytes, **told: Any) -> dict[str, Any]:
        policy = {"max_micros": PRICE, "max_fee_micros": FEE, **told.pop("policy", {})}
        question = {"rpc": self.chain.url, "url": self.url, "key": key.hex(), "path": path}
        answer: dict[str, Any] = self.client.ask({**question, "policy": policy, **told})
        return answer

    def statuses(self) -> list[int]:
        """What the server answered since it was asked last."""
        return [status for _, status in self.server.ask({})["reached"]]


def conform(report: Report, kit: Kit) -> None:
    report.part("MPP: paid to npm mppx on a local Tempo")
    try:
        python = installed(kit)
    except (BootstrapError, OSError, subprocess.SubprocessError) as error:
        report.note(f"skipped: the extra could not be installed here ({type(error).__name__}: {error})")
        return
    with ExitStack() as stack:
        shop = _opened(kit, python, stack)
        for facts in (_paid, _refused, _keyed, _broken, _paid_by_the_panel, _poor):
            facts(report, shop)


def installed(kit: Kit) -> Path:
    """The Python of .cache/mpp, brought to its lock, and the server's packages to theirs; two runs take turns."""
    python, server = VENV / "bin" / "python", kit.home / "mpp"
    stamp = server / "node_modules" / ".lock.sha256"
    with (CACHE / "mpp.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        depends_on = find_interpreter() + hashlib.sha256(PANEL_LOCK.read_bytes()).hexdigest()
        _brought(VENV / "lock.sha256", LOCK, depends_on, lambda: _install_python(python))
        packages = server / "package-lock.json"
        _brought(stamp, packages, kit.node.version, lambda: _install_server(kit, server))
    return python


def _brought(stamp: Path, lock: Path, depends_on: str, install: Callable[[], None]) -> None:
    wanted = hashlib.sha256(lock.read_bytes() + depends_on.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        install()
        stamp.write_text(wanted)


def _install_python(python: Path) -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    uv = working_uv() or fetch_uv()
    run(uv, "venv", "--quiet", "--python", find_interpreter(), str(VENV), **uv_environment())
    # The panel pays too, so its packages come first; where both locks name one, the extra's version stays.
    for lock in (PANEL_LOCK, LOCK):
        uv_pip("install", "--python", str(python), "--no-deps", "-r", str(lock))


def _install_server(kit: Kit, folder: Path) -> None:
    command = (*kit.node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    subprocess.run(command, cwd=folder, env=kit.node.environment, stdout=subprocess.DEVNULL, check=True)


def _opened(kit: Kit, python: Path, stack: ExitStack) -> Shop:
    chain, payee = stack.enter_context(tempo_chain(kit)), address_of(new_key())
    settings = {
        "RPC_URL": chain.url,
        "RECIPIENT": payee,
        "PATH_USD": mpp.PATH_USD,
        "OTHER_TOKEN": OTHER_TOKEN,
    }
    script = str(kit.home / "mpp" / "server.mjs")
    server = stack.enter_context(kit.talker([kit.node.program, script], settings))
    command = [str(python), "-m", "tests.conformance.mpp_payer"]
    client = stack.enter_context(kit.talker(command, {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}))
    return Shop(chain, client, server, f"http://127.0.0.1:{server.ask({})['port']}", payee, python)


def _paid(report: Report, shop: Shop) -> None:
    key = shop.wallet()
    before = shop.balances(key)
    found = shop.pay("/paid", key)
    after, charge = shop.balances(key), json.loads(found["stored"])
    receipt = found["receipt"]
    fee = before[0] - after[0] - PRICE
    report.equal("a call that costs is answered", found["body"], {"data": "paid"})
    report.equal("its outcome", found["outcome"], "settled")
    report.equal("the receipt says success", (receipt["method"], receipt["status"]), ("tempo", "success"))
    report.equal("the receipt names the transfer we signed", receipt["reference"], charge["transaction_hash"])
    report.equal("the payee has the price", after[1] - before[1], PRICE)
    report.check("the payer paid price and fee", 0 <= fee <= charge["max_fee_micros"], f"{before} -> {after}")
    report.equal("the payment was handed out before money moved", found["payee_before"], before[1])
    report.check("its credential does not show", charge["credential"] not in found["shown"])
    report.equal("the server was asked twice", shop.statuses(), [402, 200])
    report.equal("a call that costs nothing", shop.pay("/free", key)["outcome"], "not_needed")


def _refused(report: Report, shop: Shop) -> None:
    key = shop.wallet()
    before = shop.balances(key)
    shop.statuses()
    stranger = [address_of(new_key())]
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "a price above the cap": ({"path": "/dear"}, "amount"),
        "a price one micro above the cap": ({"path": "/paid", "policy": {"max_micros": PRICE - 1}}, "amount"),
        "another currency": ({"path": "/other"}, "currency"),
        "another chain": ({"path": "/paid", "policy": {"chain_id": 4217}}, "chainId"),
        "another recipient": ({"path": "/paid", "policy": {"recipients": stranger}}, "recipient"),
    }
    for name, (told, reason) in cases.items():
        report.equal(f"{name} is refused", shop.pay(key=key, **told), {"refused": [f"tempo: {reason}"]})
    dear = shop.pay("/paid", key, policy={"max_fee_micros": 1})
    report.equal("a dearer network fee is refused", dear, {"refused": ["signed: fee"]})
    report.equal("nothing moved", shop.balances(key), before)
    report.equal("nothing was presented", shop.statuses(), [402] * (len(cases) + 1))


def _keyed(report: Report, shop: Shop) -> None:
    key, headers = shop.wallet(), {"Authorization": "Bearer of a service key"}
    refused = shop.pay("/paid", key, headers=headers)
    report.equal("a call with a key of its own", refused, {"refused": ["header"]})
    found = shop.pay("/keyed", key, headers=headers)
    report.equal(
        "beside a key, where the server offers it", found.get("body"), {"data": headers["Authorization"]}
    )
    report.equal("its outcome", found["outcome"], "settled")


def _broken(report: Report, shop: Shop) -> None:
    """The money is taken and the call fails; the same payment is presented again."""
    key = shop.wallet()
    before = shop.balances(key)
    found = shop.pay("/broken", key)
    report.equal("paid, and the call failed", (found["status"], found["outcome"]), (500, "settled"))
    again = shop.pay("/broken", key, held=found["stored"])
    report.equal("presented again", (again["outcome"], again.get("stored")), ("settled", None))
    report.equal("the payee was paid once", shop.balances(key)[1] - before[1], PRICE)


def _paid_by_the_panel(report: Report, shop: Shop) -> None:
    """Its own services, gate and handlers, from the wallet that a worker makes to the settled row."""
    settings = {"MPP_RPC_URL": shop.chain.url, "MPP_SHOP_URL": shop.url, "MPP_RECIPIENT": shop.payee}
    quiet = (
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        "-W",
        "ignore::DeprecationWarning",
    )  # of web3's own packages
    done = subprocess.run(
        [str(shop.python), "-m", "pytest", *quiet, "tests/conformance/mpp_panel.py"],
        cwd=ROOT,
        env={**os.environ, **settings, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=PANEL_SECONDS,
        check=False,
    )
    report.check(
        "the panel pays for a tier, once and inside its limits", done.returncode == 0, done.stdout[-3000:]
    )


def _poor(report: Report, shop: Shop) -> None:
    """An empty wallet: the server's error proves nothing; the chain does, once the transfer can no longer be made."""
    found = shop.pay("/paid", new_key())
    charge = mpp.SignedCharge.from_json(found["stored"])
    report.equal("without money", found["outcome"], "unknown")
    shop.chain.move_time(LONGER_THAN_VALID)
    landed = shop.chain.reader.landed(charge.transaction_hash, valid_before=charge.valid_before)
    report.equal("known once it cannot be made any more", landed, False)
