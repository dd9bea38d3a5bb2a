"""The sandbox from outside the panel: its knobs, and what a visitor of an app is served."""

from __future__ import annotations

from typing import Any

import httpx

from tests import elsewhere
from tools.stack import Stack


class Outside:
    """Orders failures, and visits apps by their Host header: Python does not resolve `x.localhost`."""

    def __init__(self, stack: Stack) -> None:
        self.port = stack.layout.sandbox_port
        self._folder = stack.layout.data / "sandbox"

    def turn(self, do: str, **fields: Any) -> None:
        """Turn one knob (sandbox/README.md)."""
        answer = self._request("POST", "sandbox", "/_sandbox/knobs", json={"do": do, **fields})
        assert answer.is_success, answer.text

    def clear(self) -> None:
        """Forget all knobs and set the clock right."""
        assert self._request("DELETE", "sandbox", "/_sandbox/knobs").is_success

    def fund(self, address: str, micros: int) -> None:
        """Give an address test USDC."""
        money = {"address": address, "amount_usd_micros": micros}
        assert self._request("POST", "sandbox", "/_sandbox/fund", json=money).is_success

    def make_project(self, wallet: str, name: str) -> dict[str, str]:
        """Make a project for a wallet, past the panel, as the CLI does with that wallet's key; return id and keys."""
        return elsewhere.make_project(self._folder, wallet, name)

    def credit(self, address: str, micros: int) -> None:
        """Add to the balance that the gateway keeps for an address."""
        money = {"address": address, "amount_usd_micros": micros}
        assert self._request("POST", "sandbox", "/_sandbox/credit", json=money).is_success

    def visit(self, app: str, path: str = "/") -> httpx.Response:
        """Return what a visitor of the app gets."""
        return self._request("GET", app, path)

    def _request(self, method: str, name: str, path: str, **more: Any) -> httpx.Response:
        host = {"Host": f"{name}.localhost:{self.port}"}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=host, timeout=60, **more)
