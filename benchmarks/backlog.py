"""`python -m benchmarks.backlog ROWS FOLDER`: a panel with so many rows in line, measured round by round.

Each line of its input has it do everything once: claim a row, answer the pages, read the figures. It prints the seconds
of each as one line. `benchmarks.lines` lets a short line and a long one take turns. PANEL_DATABASE_URL names another
database than the embedded one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

#: Of a hundred rows, so many are deploys with a page of their own, and so many stand in the lane of a project.
DEPLOYS, LANED = 10, 50
LANES, TEAMS = 50, 10
BATCH = 1000


def main(rows: int, folder: str) -> None:
    """Fill the database, then answer rounds until the input ends."""
    gateway = {"slug": "sandbox", "name": "Sandbox", "kind": "sandbox", "url": "http://sandbox.localhost:9"}
    os.environ.update(
        PANEL_ENV="demo",
        PANEL_DATA=folder,
        PANEL_GATEWAYS=json.dumps([gateway]),
        PANEL_LOG_LEVEL="ERROR",
        DJANGO_SETTINGS_MODULE="run402_panel.settings",
    )
    import django

    django.setup()
    steps = prepared(rows)
    print("ready", flush=True)
    for _line in sys.stdin:
        print(json.dumps({name: seconds(step) for name, step in steps.items()}), flush=True)


def seconds(step: Callable[[], Callable[[], object] | None]) -> float:
    """Return how long the step takes; what it returns takes it back, outside the measurement."""
    began = time.perf_counter()
    undo = step()
    took = time.perf_counter() - began
    if undo:
        undo()
    return took


def prepared(rows: int) -> dict[str, Callable[[], Callable[[], object] | None]]:
    """Make the rows; return what is measured, by name."""
    from django.test import Client

    from benchmarks import data
    from operations import watch
    from operations.pulse import beat_once

    data.fill()
    last = fill(rows)
    beat_once("bench")
    client = Client()
    client.force_login(data.owner())
    addresses = {
        "home": "/",
        "activity": "/activity/",
        "deploys": "/deploys",
        "operation": f"/activity/{last}",
    }

    def page(address: str) -> Callable[[], None]:
        def asked() -> None:
            if client.get(address).status_code != 200:
                raise SystemExit(f"{address} did not answer.")

        return asked

    shown: dict[str, Callable[[], Any]] = {name: page(address) for name, address in addresses.items()}
    return {"claim": claim, **shown, "figures": lambda: watch.figures() and None}


def claim() -> Callable[[], object]:
    """Take a row as a worker does; the way back puts it where it was."""
    from operations import claims
    from operations.models import Operation, State

    taken = claims.claim("interactive")
    if taken is None:
        raise SystemExit("There was nothing to claim.")
    row = Operation.objects.filter(pk=taken.pk)
    return lambda: row.update(state=State.QUEUED, started_at=None, lease_until=None)


def fill(rows: int) -> str:
    """Put the rows in line; return the id of the last one in a long lane."""
    from operations.models import Operation, State
    from teams.models import Team

    others = [Team.objects.create(name=f"Team {number}") for number in range(1, TEAMS)]
    last = ""
    for batch in batches(made(rows, others), BATCH):
        Operation.objects.bulk_create(batch)
        _deploys([row for row in batch if row.queue == "deploys"])
        last = next((str(row.pk) for row in reversed(batch) if row.lane == "project/7"), last)
    # A worker is on the first row of some lanes: what stands behind them is not free.
    heads = Operation.objects.filter(state=State.QUEUED, queue="interactive").order_by("created_at")
    for lane in range(1, LANES, 10):
        first = heads.filter(lane=f"project/{lane}").values("pk")[:1]
        Operation.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(state=State.RUNNING)
    analyse()
    return last


def made(rows: int, others: list[Any]) -> Iterator[Any]:
    """Yield the rows, the oldest first: nine in ten of the first team."""
    from django.utils import timezone

    from benchmarks import data
    from operations.models import Operation
    from projects.models import Project

    person, projects = data.owner(), list(Project.objects.order_by("created_at")[:LANES])
    began = timezone.now() - timedelta(hours=1)
    for number in range(rows):
        foreign = number % 10 == 9
        project = projects[number % LANES]
        deploy = not foreign and number % 100 < DEPLOYS
        lane = f"{'other' if foreign else 'project'}/{number % LANES}" if number % 100 < LANED else ""
        row = Operation(
            team=others[number % len(others)] if foreign else project.team,
            gateway=project.gateway,
            wallet=None if foreign else project.wallet,
            project_id=None if foreign else project.pk,
            actor=person,
            actor_label=person.label,
            kind="deploy" if deploy else "project.sync",
            queue="deploys" if deploy else "interactive",
            title=f"Operation {number}",
            lane=lane,
            not_before=began,
        )
        row.created_at = began + timedelta(seconds=number * 3000 / rows)
        yield row


def _deploys(operations: list[Any]) -> None:
    from deploys.models import Deploy, Source

    source = Source.objects.order_by("created_at").first()
    Deploy.objects.bulk_create(
        Deploy(
            team_id=row.team_id,
            project_id=row.project_id,
            source=source,
            operation=row,
            created_by=row.actor,
        )
        for row in operations
    )


def batches(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Yield the rows in lists."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def analyse() -> None:
    """Have PostgreSQL know its tables, as autovacuum sees to within a minute."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
