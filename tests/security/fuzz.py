"""Bad input: thousands of broken requests over every address and every form. None may end in an error of ours.

    python -m tests.security.fuzz --requests 10000 --seconds 180 --seed 7

Every request is independent of the others: what it changed is taken back. A finding names the seed and its number, so
that it can be sent again: `--seed 7 --only 1234`.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUESTS, SECONDS = 10_000, 180.0


@dataclass
class Result:
    """What was sent and what came back. `findings` are sentences, one per broken request."""

    seed: int
    sent: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    addresses: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.findings

    def as_json(self) -> str:
        """Return one line for the process that shared the work out."""
        return json.dumps(
            {
                "seed": self.seed,
                "sent": self.sent,
                "seconds": self.seconds,
                "statuses": dict(self.statuses),
                "addresses": sorted(self.addresses),
                "findings": self.findings,
            }
        )

    def sentence(self) -> str:
        spread = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return (
            f"fuzz: seed {self.seed}, {self.sent} requests over {len(self.addresses)} addresses "
            f"in {self.seconds:.0f} s, {len(self.findings)} broken ({spread})"
        )


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def walk(requests: int, seconds: float, seed: int, *, only: int | None = None) -> Result:
    """Send up to `requests` requests for up to `seconds`, on the database that is open now. Prints the seed."""
    from tests.security.fuzzing.sender import Sender

    say(f"fuzz: seed {seed}")
    result, began = Result(seed), time.monotonic()
    with Sender(seed) as sender:
        for number in [only] if only is not None else range(requests):
            if time.monotonic() - began > seconds:
                break
            sender.send(number, result)
    result.seconds = time.monotonic() - began
    say(result.sentence(), *result.findings[:20])
    return result


def alone(requests: int, seconds: float, seed: int, *, only: int | None = None) -> Result:
    """Do the same in a process that has not set Django up, on a database of its own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    django.setup()
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return walk(requests, seconds, seed, only=only)
    finally:
        teardown_databases(databases, verbosity=0)


def run(
    requests: int = REQUESTS, seconds: float = SECONDS, seed: int | None = None, *, processes: int = 2
) -> Result:
    """Share the requests between processes of their own; nothing has to be set up. Prints the seed."""
    seed = secrets.randbelow(10**9) if seed is None else seed
    say(f"fuzz: seed {seed}")
    running = [_started(-(-requests // processes), seconds, seed + number) for number in range(processes)]
    parts = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
    total = Result(seed, seconds=max(part["seconds"] for part in parts))
    for part in parts:
        total.sent += part["sent"]
        total.addresses.update(part["addresses"])
        total.statuses.update({int(status): count for status, count in part["statuses"].items()})
        total.findings += [f"seed {part['seed']} {finding}" for finding in part["findings"]]
    say(total.sentence(), *total.findings[:20])
    return total


def _started(requests: int, seconds: float, seed: int) -> subprocess.Popen[str]:
    numbers = ["--requests", str(requests), "--seconds", str(seconds), "--seed", str(seed)]
    command = [sys.executable, "-m", "tests.security.fuzz", "--part", *numbers]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", type=int, help="send this one request of the seed again")
    parser.add_argument(
        "--part", action="store_true", help="do it in this process, and print the result as JSON"
    )
    given = parser.parse_args()
    if not given.part and given.only is None:
        return 0 if run(given.requests, given.seconds, given.seed).holds else 1
    result = alone(given.requests, given.seconds, given.seed or 0, only=given.only)
    if given.part:
        say(result.as_json())
    return 0 if result.holds else 1


if __name__ == "__main__":
    sys.exit(main())
