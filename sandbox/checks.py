"""The checks of a release, asked of its own address once it is live (apply 2.3.8).

What a failed check does on Run402 Cloud is not known. Here it does nothing but say so in the operation's events.
"""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from sandbox.clock import Clock
from sandbox.settings import LOOPBACK, Settings
from sandbox.store import Store
from sandbox.store.operations import Operation
from sandbox.store.releases import Release

SECONDS = 10


class Checks:
    """One thread beside the machine: a slow app must not hold up other deploys."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox-checks")

    def start(self, operation: Operation, release: Release, url: str) -> None:
        checks = release.state["checks"]
        if checks:
            self._pool.submit(self._run, operation.id, checks, urlsplit(url).netloc)

    def stop(self) -> None:
        """Unstarted checks are forgotten with the process."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, operation_id: str, checks: list[Any], host: str) -> None:
        for number, check in enumerate(checks, start=1):
            name, stream, line = self._ask(number, check, host)
            body = {"type": "log", "resource": f"checks.{name}", "stream": stream, "line": line}
            self._store.operations.add_event(operation_id, body, now=self._clock.now())

    def _ask(self, number: int, check: Any, host: str) -> tuple[str, str, str]:
        """Name, stream (stderr when it failed) and what happened."""
        given = check if isinstance(check, dict) else {}
        name, asked = str(given.get("name", number)), given.get("http")
        if not isinstance(asked, dict) or not str(asked.get("path", "")).startswith("/"):
            return name, "stderr", "not run: this sandbox knows checks {name, http: {path}} only"
        expected = asked.get("expect") if isinstance(asked.get("expect"), dict) else {}
        method, wanted = str(asked.get("method", "GET")), (expected or {}).get("status")
        try:
            status = self._status(method, str(asked["path"]), host)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return name, "stderr", f"failed: {method} {asked['path']} got no answer ({type(error).__name__})"
        passed = status == wanted if wanted is not None else status < 400
        text = f"{method} {asked['path']} answered {status}, expected {wanted or 'less than 400'}"
        return name, "stdout" if passed else "stderr", f"{'passed' if passed else 'failed'}: {text}"

    def _status(self, method: str, path: str, host: str) -> int:
        port = urlsplit(self._settings.public_url).port or 80
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS)
        try:
            connection.request(method, path, headers={"Host": host})
            return connection.getresponse().status
        finally:
            connection.close()
