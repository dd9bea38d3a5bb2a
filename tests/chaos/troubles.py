"""What goes wrong, one thing after another at random: processes, broker, database, gateway."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis

from operations.claims import LEASE
from tests.chaos.cast import Cast
from tests.chaos.ground import SANDBOX, WORKERS, Ground

Trouble = Callable[["Troubles"], None]

#: Between two troubles: a worker that was killed needs some seconds to come back, and has to get something done.
PAUSE_SECONDS, SHORT_PAUSE_SECONDS = (0.5, 3.0), (0.2, 1.4)
RELEASE_FIELDS: dict[str, dict[str, Any]] = {
    "fail": {"phase": "stage"},
    "activation_pending": {"retryable": False, "safe_to_retry": False},
}

#: Where a request changes something, and where the answer may be lost after it did.
CHANGES = ("/projects/v1", "/apply/v1/plans/*/commit", "/tiers/v1/*", "/faucet/v1", "/content/v1/plans/*")
BREAK_AT = {"POST": CHANGES, "*": ("*", "/projects/v1/*", "/apply/v1/*", "/rpc", "/tiers/v1/*")}


@dataclass(frozen=True)
class Entry:
    """`weight`: how often it is chosen. `most`: how often in a run; 0 is without end. `long`: not in a short run."""

    act: Trouble
    weight: int
    most: int = 0
    long: bool = False


class Troubles(threading.Thread):
    """Makes trouble until told to end; then what it stopped runs again."""

    def __init__(self, ground: Ground, cast: Cast, dice: random.Random, *, short: bool) -> None:
        super().__init__(name="troubles", daemon=True)
        self.ground, self.outside, self.dice = ground, cast.outside, dice
        self._cast = cast
        self.short = short
        self.made: Counter[str] = Counter()
        self.frozen: set[int] = set()
        self._over = threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(
                self.dice.uniform(*(SHORT_PAUSE_SECONDS if self.short else PAUSE_SECONDS))
            ):
                self._make_one()
        except BaseException as error:
            self._cast.asked.broken.append(f"troubles: {error!r}")
            raise

    def end(self) -> None:
        """Stop, and mend what is broken: nothing is ordered any more."""
        self._over.set()
        self.join()
        for number in list(self.frozen):
            self.thaw(number)
        with contextlib.suppress(httpx.HTTPError):
            self.outside.clear()

    def rest(self, least: float, most: float) -> None:
        """Leave something broken for a while."""
        self._over.wait(self.dice.uniform(least, most))

    def freeze(self, number: int, seconds: float) -> None:
        """Stop a process, and let it go on after a while."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGSTOP)
            self.frozen.add(number)
            threading.Timer(seconds, self.thaw, [number]).start()

    def thaw(self, number: int) -> None:
        if number in self.frozen:
            self.frozen.discard(number)
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGCONT)

    def _make_one(self) -> None:
        names = [name for name, entry in ENTRIES.items() if self._may(name, entry)]
        name = self.dice.choices(names, [ENTRIES[name].weight for name in names])[0]
        self.made[name] += 1
        with contextlib.suppress(httpx.HTTPError, redis.RedisError):  # it was down already
            ENTRIES[name].act(self)

    def _may(self, name: str, entry: Entry) -> bool:
        return not (entry.most and self.made[name] >= entry.most) and not (self.short and entry.long)

    def some_worker(self) -> str:
        return self.dice.choice(WORKERS)


# --- Processes ---


def kill_child(troubles: Troubles) -> None:
    """Kill one process of a worker's pool, perhaps in the middle of something."""
    if children := troubles.ground.session(troubles.some_worker())[1:]:
        troubles.ground.kill(troubles.dice.choice(children))


def kill_parent(troubles: Troubles) -> None:
    """Kill the first process of a worker; its children find out by themselves, or are ended with the restart."""
    if session := troubles.ground.session(troubles.some_worker()):
        troubles.ground.kill(session[0])


def kill_worker(troubles: Troubles) -> None:
    troubles.ground.kill_all(troubles.some_worker())


def kill_both_workers(troubles: Troubles) -> None:
    for name in WORKERS:
        troubles.ground.kill_all(name)


def freeze_child(troubles: Troubles) -> None:
    """Stop a process until its lease is over, then let it go on: another one has taken its rows meanwhile."""
    if children := troubles.ground.session(troubles.some_worker())[1:]:
        troubles.freeze(troubles.dice.choice(children), LEASE.total_seconds() + 4)


# --- Broker ---


def empty_broker(troubles: Troubles) -> None:
    """Lose every wake-up that is on its way."""
    if troubles.ground.services:
        troubles.ground.services.redis.empty()
        return
    for message in _queue_folder(troubles.ground).glob("*.msg"):
        message.unlink(missing_ok=True)


def stop_broker(troubles: Troubles) -> None:
    """Take the broker away for some seconds, with everything in it."""
    if services := troubles.ground.services:
        services.redis.kill()
        troubles.rest(0.5, 3.0)
        services.redis.start()
        return
    folder = _queue_folder(troubles.ground)
    away = folder.with_name("away")
    with contextlib.suppress(OSError):
        folder.rename(away)
    troubles.rest(0.5, 3.0)
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(away, ignore_errors=True)


def _queue_folder(ground: Ground) -> Path:
    return ground.layout.data / "broker" / "queue"


# --- Database ---


def break_database(troubles: Troubles) -> None:
    """PostgreSQL: stop it at once and start it again. SQLite: somebody holds the file, and is killed."""
    if services := troubles.ground.services:
        services.postgres.crash()
        troubles.rest(0.1, 1.5)
        services.postgres.start()
        return
    hold_sqlite(troubles.ground.layout.data / "panel.sqlite3", troubles.dice.uniform(0.5, 4.0), troubles.rest)


def hold_sqlite_for_long(troubles: Troubles) -> None:
    """Hold SQLite's file for longer than anybody waits for it."""
    if troubles.ground.services is None:
        hold_sqlite(troubles.ground.layout.data / "panel.sqlite3", 23.0, troubles.rest)


HOLD = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(60)
"""


def hold_sqlite(file: Path, seconds: float, rest: Callable[[float, float], None]) -> None:
    """Hold the only right to write, then die with it."""
    with subprocess.Popen([sys.executable, "-I", "-c", HOLD, str(file)], stdout=subprocess.PIPE) as holder:
        try:
            if holder.stdout:
                holder.stdout.readline()
            rest(seconds, seconds)
        finally:
            holder.kill()


# --- Gateway ---


def kill_gateway(troubles: Troubles) -> None:
    """Kill the gateway; it is there again after a moment, with what it had written."""
    troubles.ground.held.add(SANDBOX)
    troubles.ground.kill_all(SANDBOX)
    troubles.rest(0.2, 2.0)
    troubles.ground.held.discard(SANDBOX)
    troubles.rest(1.0, 1.0)


def fail(troubles: Troubles) -> None:
    """Answer some requests with an error, nothing done."""
    status = troubles.dice.choice((500, 502, 503, 504))
    troubles.outside.turn(
        "status", path=_path(troubles, "*"), times=troubles.dice.randint(1, 2), status=status
    )


def throttle(troubles: Troubles) -> None:
    troubles.outside.turn("status", path=_path(troubles, "*"), status=429, retry_after=1)


def drop_before(troubles: Troubles) -> None:
    troubles.outside.turn("drop_before", path=_path(troubles, "*"), times=troubles.dice.randint(1, 2))


def drop_after(troubles: Troubles) -> None:
    """Do what was asked, and cut the connection instead of saying so."""
    troubles.outside.turn("drop_after", method="POST", path=_path(troubles, "POST"))


def lose_settlement(troubles: Troubles) -> None:
    troubles.outside.turn("lose_settlement")


def delay(troubles: Troubles) -> None:
    troubles.outside.turn("delay", path=_path(troubles, "*"), milliseconds=troubles.dice.randint(200, 2500))


def time_out(troubles: Troubles) -> None:
    """Answer a change later than the client waits: it is done when nobody listens any more."""
    troubles.outside.turn("delay", method="POST", path=_path(troubles, "POST"), milliseconds=32_000)


def break_release(troubles: Troubles) -> None:
    """Let a release fail, stop half-way, be overtaken, warn, or cost something that nobody was told of."""
    do = troubles.dice.choice(
        ("fail", "needs_repair", "activation_pending", "base_conflict", "warn", "charge")
    )
    troubles.outside.turn(do, **RELEASE_FIELDS.get(do, {}))


def _path(troubles: Troubles, method: str) -> str:
    return troubles.dice.choice(BREAK_AT[method])


ENTRIES: dict[str, Entry] = {
    "kill a child": Entry(kill_child, 22),
    "kill a parent": Entry(kill_parent, 5),
    "kill a worker": Entry(kill_worker, 8),
    "kill both workers": Entry(kill_both_workers, 2),
    "freeze a child": Entry(freeze_child, 2, most=4, long=True),
    "empty the broker": Entry(empty_broker, 6),
    "stop the broker": Entry(stop_broker, 4),
    "break the database": Entry(break_database, 5),
    "hold SQLite for long": Entry(hold_sqlite_for_long, 1, most=1, long=True),
    "kill the gateway": Entry(kill_gateway, 3),
    "errors": Entry(fail, 5),
    "429": Entry(throttle, 2),
    "cut before": Entry(drop_before, 4),
    "cut after": Entry(drop_after, 14),
    "lose a settlement": Entry(lose_settlement, 6),
    "delay": Entry(delay, 5),
    "time out": Entry(time_out, 1, most=2, long=True),
    "break a release": Entry(break_release, 6),
}
