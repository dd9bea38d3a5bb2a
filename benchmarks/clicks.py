"""How long it takes from a click to a running worker, against the raw broker's own latency.

A click is the POST of the form that makes a wallet, sent to a real web process; running is the moment at which a real
worker has taken the operation. Both clocks are this machine's. Clicks and raw messages take turns.
"""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import broker
from benchmarks.rows import Row, timing
from tools.forms import Browser, Page
from tools.stack import Stack, stop_on_signals

WARM_UP = 5
CLICKS = 40
LIMIT = 5.0
PATIENCE_SECONDS = 10.0


def measure() -> Row:
    """Return the row of the median click."""
    with tempfile.TemporaryDirectory(prefix="run402-bench-") as scratch:
        folder = Path(scratch)
        with (
            Stack.start(folder / "panel") as stack,
            Browser(stack.layout.panel_port) as browser,
            broker.listening(folder / "raw") as listener,
            broker.connection(folder / "raw") as link,
        ):
            log_in(browser, stack)
            clicks, raw = [], []
            for number in range(WARM_UP + CLICKS):
                clicks.append(click(browser, folder / "panel" / "panel.sqlite3", number))
                raw.append(broker.latency(listener, link))
                time.sleep(random.uniform(0, broker.POLLING_SECONDS))  # noqa: S311 - lets no rhythm help
    return timing("clicks", "click → running", clicks[WARM_UP:], raw[WARM_UP:], LIMIT)


def log_in(browser: Browser, stack: Stack) -> None:
    """Sign in as the first owner."""
    owner = stack.owner
    assert owner is not None
    page = browser.get("/accounts/login/")
    browser.submit(page, page.form(field="password"), {"login": owner.email, "password": owner.password})


def click(browser: Browser, database: Path, number: int) -> float:
    """Ask for a wallet, and return the seconds from the click to the worker's claim."""
    page: Page = browser.get("/wallets/new")
    label = f"Bench {number}"
    began = time.time()
    browser.submit(page, page.form(field="label"), {"label": label})
    return started(database, number + 1) - began


def started(database: Path, count: int) -> float:
    """Return when the newest of `count` wallets was begun, as seconds since 1970."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    query = "SELECT started_at FROM operations_operation WHERE kind = 'wallet.create' ORDER BY created_at"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        while time.monotonic() < deadline:
            rows = connection.execute(query).fetchall()
            if len(rows) == count and rows[-1][0]:
                return datetime.fromisoformat(rows[-1][0]).replace(tzinfo=UTC).timestamp()
            time.sleep(0.01)
    raise SystemExit(f"No worker took the operation within {PATIENCE_SECONDS:.0f} s.")


if __name__ == "__main__":
    stop_on_signals()
    print(json.dumps(asdict(measure())))
