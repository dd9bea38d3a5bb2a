"""How many queries the main pages make, and how long they take against fifty plain rows in the same process."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict
from typing import Any

from benchmarks.rows import Row, count, timing

QUERIES = 12
SLOWER = 3.0
ROUNDS = 60
WARM_UP = 10


def measure() -> list[Row]:
    """Return two rows for each page."""
    from django.test import Client

    from benchmarks import data

    client, addresses = Client(), data.fill()
    client.force_login(data.owner())
    urls = {"reference": "/reference", **addresses}
    queries = {name: queries_of(client, url) for name, url in addresses.items()}
    times = timed(client, urls)
    rows = []
    for name in addresses:
        rows.append(count("pages", f"{name}: queries", queries[name], QUERIES))
        rows.append(timing("pages", f"{name}: response", times[name], times["reference"], SLOWER))
    return rows


def queries_of(client: Any, url: str) -> int:
    """Return how many queries a request makes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    fetch(client, url)  # a first visit may queue a refresh
    with CaptureQueriesContext(connection) as captured:
        fetch(client, url)
    return len(captured)


def timed(client: Any, urls: dict[str, str]) -> dict[str, list[float]]:
    """Return the seconds of each request; the pages take turns, so that what disturbs one disturbs all."""
    times: dict[str, list[float]] = {name: [] for name in urls}
    for number in range(WARM_UP + ROUNDS):
        for name, url in urls.items():
            began = time.perf_counter()
            fetch(client, url)
            if number >= WARM_UP:
                times[name].append(time.perf_counter() - began)
    return times


def fetch(client: Any, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answered {response.status_code}.")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="run402-bench-") as scratch:
        gateway = {
            "slug": "sandbox",
            "name": "Sandbox",
            "kind": "sandbox",
            "url": "http://sandbox.localhost:9",
        }
        os.environ.update(
            PANEL_ENV="demo",
            PANEL_DATA=scratch,
            PANEL_GATEWAYS=json.dumps([gateway]),
            PANEL_LOG_LEVEL="WARNING",
        )
        os.environ.update(DJANGO_SETTINGS_MODULE="benchmarks.settings")
        import django

        django.setup()
        for row in measure():
            print(json.dumps(asdict(row)))


if __name__ == "__main__":
    main()
