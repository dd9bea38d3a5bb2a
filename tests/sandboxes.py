"""A sandbox gateway as a process of its own, for tests that talk HTTP."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from run402.transport import LocalhostTransport
from tests.factories import GatewayFactory
from tools.layout import ROOT
from wallets.models import Gateway

READY = "sandbox: "
FAST = {"SANDBOX_PHASE_MS": "5"}


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its API address, and where it keeps its state."""

    url: str
    data: Path

    @property
    def gateway(self) -> Gateway:
        """The row that leads the panel here."""
        gateway: Gateway = GatewayFactory.create()
        gateway.url, gateway.rpc_urls = self.url, [f"{self.url}/rpc"]
        gateway.save(update_fields=["url", "rpc_urls"])
        return gateway

    def fund(self, address: str, micros: int, **more: str) -> None:
        """Give an address money, which only a sandbox can do."""
        self._give("/_sandbox/fund", address, micros, **more)

    def credit(self, address: str, micros: int) -> None:
        """Add to the balance that the gateway keeps for an address, as a top-up by card does."""
        self._give("/_sandbox/credit", address, micros)

    def _give(self, path: str, address: str, micros: int, **more: str) -> None:
        with httpx.Client(base_url=self.url, transport=LocalhostTransport()) as http:
            body = {"address": address, "amount_usd_micros": micros, **more}
            http.post(path, json=body).raise_for_status()

    @classmethod
    @contextlib.contextmanager
    def started(cls, data: Path, told: dict[str, str] | None = None) -> Iterator[Self]:
        """Start one on a free port, `told` by its environment, wait until it is ready, and stop it at the end."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PANEL_")}
        environment |= told or {}
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(data)]
        with (data / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**environment, **FAST}, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            yield cls(_address(process, data), data)
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _address(process: subprocess.Popen[str], data: Path) -> str:
    for line in process.stdout or ():
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    raise RuntimeError(f"the sandbox did not start:\n{(data / 'log').read_text()}")


def turn(sandbox: Sandbox, knob: dict[str, object] | None) -> None:
    """Have the sandbox fail on order (sandbox/README.md); None clears all orders."""
    with httpx.Client(base_url=sandbox.url, transport=LocalhostTransport()) as http:
        path = "/_sandbox/knobs"
        answer = http.delete(path) if knob is None else http.post(path, json=knob)
        answer.raise_for_status()
