"""`make money`: parallel spends on a small cap, their processes killed between two steps, on SQLite and PostgreSQL.

Each database has a process of its own (tests/money). PostgreSQL is the server that the tests use, where a scratch
database is made and dropped; without one, SQLite alone is tried, and the line says so. `--seed` repeats the kills that
are planned, not the order in which processes meet.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tools import machine
from tools.layout import ROOT
from tools.stack import stop_on_signals

LINE = re.compile(r"^money: (\d+) rounds, (\d+) over cap, (\d+) double, (\d+) leaked")


def main() -> int:
    stop_on_signals()
    given = _arguments()
    missing = given.on != "sqlite" and not machine.POSTGRES.is_there()
    rounds = [] if given.on == "postgresql" else [_run("", given)]
    if given.on != "sqlite" and not missing:
        with _scratch_database(machine.POSTGRES_URL) as url:
            rounds.append(_run(url, given))
    sums = [sum(numbers) for numbers in zip(*rounds, strict=True)] or [0, 0, 0, 0, 1]
    if sums[4]:
        print("money: a run broke off or found a fault; its own lines stand above")
        return 1
    apart = f"; SQLite only, {machine.POSTGRES.missing}" if missing else ""
    words = "money: {} rounds, {} over cap, {} double, {} leaked".format(*sums[:4])
    print(f"{words} (seed {given.seed}{apart})")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.money", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="for each database")
    parser.add_argument("--spends", type=int, default=50, help="in each round")
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--on", choices=("both", "sqlite", "postgresql"), default="both")
    return parser.parse_args()


@contextlib.contextmanager
def _scratch_database(url: str) -> Iterator[str]:
    """Make a database beside the one of `url`, and drop it afterwards."""
    name = f"run402_money_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _run(database: str, given: argparse.Namespace) -> list[int]:
    """Run one database's rounds, pass on what they print, and return its numbers: a fifth one says that it broke."""
    numbers = ("rounds", "spends", "processes", "seed")
    options = [f"--{name}={getattr(given, name)}" for name in numbers]
    command = [sys.executable, "-m", "tests.money", *options, f"--database={database}"]
    environment = {name: value for name, value in os.environ.items() if name != "PANEL_TEST_DATABASE_URL"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    said = [match for line in done.stdout.splitlines() if (match := LINE.match(line))]
    found = [int(number) for number in said[-1].groups()] if said else [0, 0, 0, 0]
    return [*found, int(done.returncode != 0)]


if __name__ == "__main__":
    sys.exit(main())
