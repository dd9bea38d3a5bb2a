"""The engine against Celery's own no-op on the same broker in one run, a hundred tabs, memory, and a very long line.

Throughput and clicks are ratios to raw messages that take turns with them, in the same worker processes. An operation
is a row, its events, its audit entries and three commits, each of which is on the disk before anything goes on; a raw
message is none of that.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import psycopg

from benchmarks import lines, tabs
from benchmarks.clicks import click, log_in
from benchmarks.panel import Driver, running
from benchmarks.processes import cpu_seconds, pss_bytes
from benchmarks.rows import Row
from tools.forms import Browser
from tools.services import Services, missing
from tools.stack import Stack, stop_on_signals

BATCH, BATCHES, WARM_UP = 200, 5, 40
CLICKS, FIRST_CLICKS = 60, 5
LEAST_EMBEDDED, LEAST_SERVERS, SLOWER_CLICKS = 0.25, 0.15, 5.0
MOST_MEGABYTES = 350


def measure() -> Iterator[Row]:
    """Yield all rows: first the panel as it comes, then the one with PostgreSQL and Redis."""
    with tempfile.TemporaryDirectory(prefix="run402-bench-") as scratch:
        folder = Path(scratch)
        with running(folder / "embedded", {}) as stack, Driver(stack) as driver:
            yield from throughput(driver, "embedded", LEAST_EMBEDDED)
            yield clicks(stack, driver)
            yield memory(stack)
            yield from tabs.measure(stack, driver)
        yield from lines.measure(folder / "lines", "SQLite", {lines.SHORT: {}, lines.LONG: {}})
        if words := missing():
            print(f"Not measured with PostgreSQL and Redis: {words}", file=sys.stderr)
            return
        with Services.started(folder) as services:
            with running(folder / "servers", services.settings) as stack, Driver(stack) as driver:
                yield from throughput(driver, "PostgreSQL, Redis", LEAST_SERVERS)
            with databases(services) as urls:
                yield from lines.measure(folder / "lines-servers", "PostgreSQL", urls)


def throughput(driver: Driver, where: str, least: float) -> Iterator[Row]:
    """Yield how many operations there are a second, and for a second of all processors, against raw messages."""
    here = [os.getpid()]  # with all that was started from here: driver, worker, database, broker
    rates: dict[str, list[float]] = {"raw": [], "operations": []}
    costs: dict[str, list[float]] = {"raw": [], "operations": []}
    for word in rates:
        driver.order(word, WARM_UP)
    for _ in range(BATCHES):
        for word in rates:
            before = cpu_seconds(here)
            rates[word].append(BATCH / driver.order(word, BATCH))
            costs[word].append(BATCH / max(cpu_seconds(here) - before, 0.01))
    for name, found in (("a second", rates), ("a CPU second", costs)):
        mine, raw = statistics.median(found["operations"]), statistics.median(found["raw"])
        ratio = mine / raw
        words = f"operations {name}, {where}"
        yield Row("engine", words, round(mine), "", round(raw), round(ratio, 3), least, ratio >= least)


def clicks(stack: Stack, driver: Driver) -> Row:
    """Return how long the slow ones of the clicks take until a worker has begun, against raw messages."""
    mine, raw = [], []
    with Browser(stack.layout.panel_port) as browser:
        log_in(browser, stack)
        for number in range(FIRST_CLICKS + CLICKS):
            mine.append(click(browser, stack.layout.data / "panel.sqlite3", number))
            raw.append(driver.order("latency"))
            time.sleep(0.01 * (number % 5))  # lets no rhythm of the broker help
    value, base = (statistics.quantiles(each[FIRST_CLICKS:], n=20)[-1] * 1000 for each in (mine, raw))
    ratio = value / base
    return Row(
        "engine",
        "click → running, 95 of 100",
        round(value, 2),
        "ms",
        round(base, 2),
        round(ratio, 2),
        SLOWER_CLICKS,
        ratio <= SLOWER_CLICKS,
    )


def memory(stack: Stack) -> Row:
    """Return what web and worker hold after that work."""
    held = round(pss_bytes([stack.process_id("web"), stack.process_id("worker")]) / 1024 / 1024, 1)
    return Row(
        "engine", "memory of web and worker", held, "MB", None, None, MOST_MEGABYTES, held <= MOST_MEGABYTES
    )


@contextmanager
def databases(services: Services) -> Iterator[dict[int, dict[str, str]]]:
    """Make a database for each length of the line."""
    server = services.postgres.url.rpartition("/")[0]
    with psycopg.connect(services.postgres.url, autocommit=True) as connection, ExitStack() as left:
        for rows in (lines.SHORT, lines.LONG):
            connection.execute(f"CREATE DATABASE line{rows}")
            left.callback(connection.execute, f"DROP DATABASE line{rows} WITH (FORCE)")
        yield {rows: {"PANEL_DATABASE_URL": f"{server}/line{rows}"} for rows in (lines.SHORT, lines.LONG)}


if __name__ == "__main__":
    stop_on_signals()
    for row in measure():
        print(json.dumps(asdict(row)), flush=True)
