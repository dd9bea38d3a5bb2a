"""`python -m benchmarks.driver`: what asks for work, in web's environment, as the orders on its input say.

An order is a word and a number: `raw 200` and `operations 200` do so many and print the seconds until all are done;
`latency 1` prints the seconds from sending one raw message until a worker began. `deploys 100` makes so many that run.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta

PATIENCE_SECONDS = 120.0


def main() -> None:
    """Follow orders until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    import django

    django.setup()
    import benchmarks.nothing  # noqa: F401  # imported for the kind that it adds

    orders: dict[str, Callable[[int], float]] = {
        "raw": raw,
        "operations": operations,
        "latency": latency,
        "deploys": deploys,
    }
    for line in sys.stdin:
        word, number = line.split()
        print(orders[word](int(number)), flush=True)


def raw(count: int) -> float:
    """Send so many messages as Celery does; return the seconds until the last one was done."""
    began, before = time.perf_counter(), _marks()
    for _ in range(count):
        _send()
    _until(lambda: _marks() >= before + count)
    return time.perf_counter() - began


def latency(_count: int) -> float:
    """Send one message; return the seconds until a worker began with it."""
    from benchmarks.nothing import WIDTH, marks

    before = _marks()
    _send()
    _until(lambda: _marks() > before)
    with marks().open("rb") as file:
        file.seek(before * WIDTH)
        return float(file.read(WIDTH))


def operations(count: int) -> float:
    """Put so many operations in line; return the seconds until the last one has ended well."""
    from benchmarks.nothing import KIND
    from operations import queue
    from operations.models import Operation, State
    from teams.models import Membership
    from wallets.models import Gateway

    member = Membership.objects.select_related("team", "user").earliest("pk")
    request = queue.Request(
        kind=KIND,
        title="Nothing",
        team=member.team,
        gateway=Gateway.objects.get(slug="sandbox"),
        actor=member.user,
    )
    ended = Operation.objects.filter(kind=KIND, state=State.SUCCEEDED).order_by()
    began, wanted = time.perf_counter(), ended.count() + count
    for _ in range(count):
        queue.submit(request)
    _until(lambda: ended.count() >= wanted)
    return time.perf_counter() - began


def deploys(count: int) -> float:
    """Have so many deploys run, with a dozen events each."""
    from django.db import transaction
    from django.utils import timezone

    from operations import queue
    from operations.models import State
    from teams.models import Membership
    from tests import factories

    began, now = time.perf_counter(), timezone.now()
    member = Membership.objects.select_related("team", "user").earliest("pk")
    wallet = factories.WalletFactory.create(team=member.team, owner=member.user)
    project = factories.ProjectFactory.create(team=member.team, wallet=wallet, created_by=member.user)
    source = factories.SourceFactory.create(team=member.team, created_by=member.user)
    # Held by nobody, and running from the start: no worker takes them.
    running = {"state": State.RUNNING, "phase": "stage", "attempts": 1, "fence": 1, "started_at": now}
    running["lease_until"] = now + timedelta(hours=1)
    with transaction.atomic():
        for _ in range(count):
            deploy = factories.DeployFactory.create(
                project=project,
                source=source,
                created_by=member.user,
                **{f"operation__{name}": value for name, value in running.items()},
            )
            assert deploy.operation is not None
            for step in range(12):
                phase = ("plan", "upload", "stage")[step // 4]
                queue.add_event(deploy.operation, "phase", f"Step {step}", phase)
    return time.perf_counter() - began


def _send() -> None:
    from celery import current_app

    from benchmarks.nothing import TASK

    current_app.send_task(TASK, args=[time.time()], queue="interactive", ignore_result=True)


def _marks() -> int:
    from benchmarks.nothing import WIDTH, marks

    return marks().stat().st_size // WIDTH if marks().exists() else 0


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"It was not done within {PATIENCE_SECONDS:.0f} s.")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
