"""A Tempo of our own: anvil under Moderato's id."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from run402 import errors, mpp
from tests.conformance.kit import Kit, ScriptError
from tools.ports import free_ports

START_SECONDS = 20.0


@dataclass(frozen=True)
class TempoChain:
    url: str
    http: httpx.Client
    reader: mpp.Tempo

    def rpc(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self.http.post(self.url, json=call).json()
        if "error" in answer:
            raise ScriptError(f"{method}: {answer['error']}")
        return answer["result"]

    def fund(self, address: str, micros: int) -> None:
        """Send pathUSD of one of anvil's own rich accounts, and wait until it is there."""
        data = "0xa9059cbb" + address[2:].lower().rjust(64, "0") + f"{micros:064x}"
        self.rpc(
            "eth_sendTransaction", {"from": self.rpc("eth_accounts")[0], "to": mpp.PATH_USD, "data": data}
        )
        wait_until(lambda: self.reader.balance(address) >= micros)

    def move_time(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")


@contextmanager
def tempo_chain(kit: Kit) -> Iterator[TempoChain]:
    """Start one on a free port; its process ends with the block."""
    anvil = kit.home / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
    port = str(free_ports(1)[0])
    options = ("--network", "tempo", "--chain-id", str(mpp.CHAIN_ID), "--port", port, "--host", "127.0.0.1")
    process = subprocess.Popen([str(anvil), *options, "--silent"])
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(trust_env=False, timeout=10) as http, mpp.Tempo(url) as reader:
            wait_until(lambda: _answers(reader) or process.poll() is not None)
            yield TempoChain(url, http, reader)
    finally:
        process.terminate()
        process.wait(10)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ScriptError("the chain did not come so far in time")
        time.sleep(0.02)


def _answers(reader: mpp.Tempo) -> bool:
    try:
        return reader.balance(mpp.PATH_USD) >= 0
    except errors.BalanceUnknown:
        return False
