"""What one sandbox process is told at its start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({"localhost", LOOPBACK, "sandbox.localhost"})
APPS_SUFFIX = ".localhost"
MAX_JSON_BYTES = 5 * 1024 * 1024
#: No payment is offered a longer life (identity 3.7).
MAX_PAYMENT_SECONDS = 300


@dataclass(frozen=True)
class Settings:
    data: Path
    public_url: str
    phase_seconds: float
    part_bytes: int
    payment_seconds: int = MAX_PAYMENT_SECONDS
    pretends_base: bool = False

    @property
    def api_names(self) -> frozenset[str]:
        """Host names that reach the API; every other `<name>.localhost` is an app."""
        return LOOPBACK_NAMES | {urlsplit(self.public_url).hostname or "localhost"}

    def app_url(self, label: str) -> str:
        """The address of the app that answers under `label`, on the port the sandbox listens to."""
        parts = urlsplit(self.public_url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{label}{APPS_SUFFIX}{port}"


def load(data: Path, *, public_url: str) -> Settings:
    """Read the environment: milliseconds per phase, bytes per upload part, seconds in which a payment can settle.

    With `SANDBOX_PRETENDS_BASE=1` it keeps a ledger under the name of Base too, for tests of paying real money.
    """
    return Settings(
        data=data,
        public_url=public_url.rstrip("/"),
        phase_seconds=_number("SANDBOX_PHASE_MS", 150) / 1000,
        part_bytes=_number("SANDBOX_PART_BYTES", 8 * 1024 * 1024),
        payment_seconds=min(_number("SANDBOX_PAYMENT_SECONDS", MAX_PAYMENT_SECONDS), MAX_PAYMENT_SECONDS),
        pretends_base=_number("SANDBOX_PRETENDS_BASE", 0) == 1,
    )


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{name} must be a whole number, got {text!r}.")
    return int(text)
