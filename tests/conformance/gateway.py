"""A sandbox as a process of its own, for the parts that talk HTTP with it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conformance.kit import Kit, ScriptError
from tools.layout import ROOT

READY = "sandbox: "
PART_BYTES = 64 * 1024


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox. `url` is the API's address under the host name that clients use."""

    url: str
    http: httpx.Client
    log: Path

    @property
    def rpc_url(self) -> str:
        return f"{self.url}/rpc"

    def fund(self, address: str, micros: int) -> None:
        self.post("/_sandbox/fund", {"address": address, "amount_usd_micros": micros})

    def post(self, path: str, document: Any) -> Any:
        answer = self.http.post(path, json=document)
        answer.raise_for_status()
        return answer.json()

    def app(self, label: str, path: str, **options: Any) -> httpx.Response:
        """Ask an app that the sandbox serves, as a browser would by its host name."""
        port = self.http.base_url.port
        method = options.pop("method", "GET")
        headers = {"Host": f"{label}.localhost:{port}", **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


@contextlib.contextmanager
def started(kit: Kit) -> Iterator[Sandbox]:
    """Start one on a free port over an empty folder; stop it and forget the folder at the end."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        data = Path(folder)
        log = data / "log"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--host", "127.0.0.1", "--data", folder]
        environment = {
            name: value for name, value in kit.node.environment.items() if not name.startswith("PANEL_")
        }
        with log.open("w") as errors:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "SANDBOX_PHASE_MS": "5", "SANDBOX_PART_BYTES": str(PART_BYTES)},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            url = _address(process, log)
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                yield Sandbox(url, http, log)
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    for line in process.stdout or ():
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    raise ScriptError(f"the sandbox did not start: {log.read_text()}")
