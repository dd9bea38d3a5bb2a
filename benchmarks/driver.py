"""`python -m benchmarks.driver`: what asks for work, in web's environment, as the orders on its input say.

An order is a word and a number: `raw 200` and `operations 200` do so many and print the seconds until all are done;
`latency 1` prints the seconds from sending one raw message until a worker began.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0


def main() -> None:
    """Follow orders until the input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    import django

    django.setup()
    import benchmarks.nothing  # noqa: F401  # imported for the kind that it adds

    orders: dict[str, Callable[[int], float]] = {"raw": raw, "operations": operations, "latency": latency}
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
        kind=KIND, title="Nothing", team=member.team, gateway=Gateway.objects.get(slug="sandbox"), actor=member.user
    )
    ended = Operation.objects.filter(kind=KIND, state=State.SUCCEEDED).order_by()
    began, wanted = time.perf_counter(), ended.count() + count
    for _ in range(count):
        queue.submit(request)
    _until(lambda: ended.count() >= wanted)
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
