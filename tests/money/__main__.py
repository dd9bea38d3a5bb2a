"""One database's share of `make money`: rounds until they are done, then one line.

python -m tests.money --rounds 100 --spends 50 --processes 6 --seed 7 --database postgresql://…
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROUNDS, SPENDS, PROCESSES = 100, 50, 6


def main() -> int:
    given = _arguments()
    if given.database:
        os.environ["PANEL_TEST_DATABASE_URL"] = given.database
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

    import django

    django.setup()
    return _run(given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.money", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--spends", type=int, default=SPENDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--database", default="", help="an empty database; without one, SQLite in a scratch folder"
    )
    return parser.parse_args()


def _run(given: argparse.Namespace) -> int:
    from django.core.management import call_command

    from tests.money import world
    from tests.money.rounds import Rounds
    from tests.sandboxes import Sandbox

    call_command("migrate", verbosity=0)
    with (
        tempfile.TemporaryDirectory(prefix="run402-money-") as folder,
        Sandbox.started(Path(folder)) as sandbox,
    ):
        world.prepare(Path(folder))
        rounds = Rounds(sandbox, Path(folder), given.seed, spends=given.spends, processes=given.processes)
        for _ in range(given.rounds):
            rounds.round()
    sys.stdout.write(world.line(rounds.tally, given.seed) + "\n")
    return 0 if rounds.tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
