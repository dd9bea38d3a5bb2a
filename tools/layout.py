"""Which processes make a panel on one machine, and what each of them may know.

Web gets the public keyset and the one for results; the private keyset and the policy key stand in the worker's
environment alone (ARCHITECTURE rule 2: web can lock, only workers can unlock).
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUEUES = "interactive,deploys,sync"


@dataclass(frozen=True)
class Layout:
    """Ports, data folder and extra PANEL_ settings of one running panel with its sandbox."""

    data: Path
    panel_port: int
    sandbox_port: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.panel_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://sandbox.localhost:{self.sandbox_port}"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def commands(self) -> dict[str, list[str]]:
        """Each process's command, in the order in which they start."""
        listen = ["--bind", f"127.0.0.1:{self.panel_port}", "--no-control-socket"]
        # The panel itself refuses a longer address with a page (core.middleware); this is for what never gets there.
        limits = ["--limit-request-line", "8190", "--limit-request-fields", "64"]
        threads = ["--worker-class", "gthread", "--workers", "1", "--threads", "8"]
        beat = ["--beat", "--schedule", str(self.data / "beat-schedule")]
        worker = ["worker", *beat, "--concurrency", "2", "--queues", QUEUES, "--loglevel", "info"]
        python = [sys.executable, "-m"]
        return {
            "sandbox": [
                *python,
                "sandbox",
                "--port",
                str(self.sandbox_port),
                "--data",
                str(self.data / "sandbox"),
            ],
            "web": [*python, "gunicorn", "run402_panel.wsgi", *listen, *limits, *threads],
            "worker": [*python, "celery", "-A", "run402_panel", *worker],
        }

    def environment(self, process: str) -> dict[str, str]:
        """What `process` (sandbox, web, worker or prepare) finds in its environment."""
        if process == "sandbox":
            return {**_machine(), "PANEL_ENV": "demo"}
        environment = {**_machine(), **self.settings, **self._panel()}
        if process != "prepare":  # which makes these files
            environment["PANEL_VAULT_PUBLIC_KEYSET_FILE"] = str(self.keys / "vault-public.json")
            environment["PANEL_AUDIT_PUBLIC_KEYSET_FILE"] = str(self.keys / "audit-public.json")
            environment["PANEL_RESULTS_KEYSET_FILE"] = str(self.keys / "results.json")
        if process != "worker":
            environment.pop("PANEL_SMTP_URL", None)
        if process == "worker":
            environment["PANEL_VAULT_PRIVATE_KEYSET_FILE"] = str(self.keys / "vault-private.json")
            environment["PANEL_POLICY_MAC_KEYSET_FILE"] = str(self.keys / "policy-mac.json")
            environment["PANEL_AUDIT_SIGNING_KEYSET_FILE"] = str(self.keys / "audit-signing.json")
        return environment

    def _panel(self) -> dict[str, str]:
        sandbox = {"slug": "sandbox", "name": "Sandbox", "kind": "sandbox"}
        gateway = {**sandbox, "url": self.sandbox_url, "rpc": [f"{self.sandbox_url}/rpc"]}
        return {
            "PANEL_ENV": "demo",
            "PANEL_DATA": str(self.data),
            "PANEL_URL": self.url,
            "PANEL_SECRET_KEY_FILE": str(self.keys / "secret-key"),
            "PANEL_GATEWAYS": json.dumps([gateway]),
        }

    def make_folders(self) -> None:
        """The data folder, readable by its owner only, with a secret key of its own."""
        for folder in (self.data, self.keys, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.keys / "secret-key"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))


def _machine() -> dict[str, str]:
    """The caller's environment without anything that would configure the panel behind our back."""
    ours = ("PANEL_", "DJANGO_", "CELERY_", "GUNICORN_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1"}
