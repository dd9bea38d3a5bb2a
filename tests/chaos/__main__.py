"""One run on one backend: `python -m tests.chaos --seed 1 --operations 200 --backend sqlite`. See `make chaos`.

Django is set up once the panel's keys and tables are there, so what needs it is imported after that.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.chaos import ground
from tools.chaos import BACKENDS, arguments
from tools.services import ServiceError
from tools.stack import stop_on_signals


def main() -> int:
    parser = arguments(choices=BACKENDS[:2])
    options = parser.parse_args()
    stop_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="run402-panel-chaos-"))
    code = 1
    try:
        with ground.prepared(folder, options.backend) as prepared:
            code = play(prepared, options)
    except ServiceError as error:
        print(f"chaos: {error}", file=sys.stderr)
    finally:
        if code == 0:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"chaos: logs and database are kept in {folder}", file=sys.stderr)
    return code


def play(prepared: ground.Ground, options: argparse.Namespace) -> int:
    """Run it, print what was found, return 0 when that is nothing."""
    os.environ.update(
        prepared.environment, DJANGO_SETTINGS_MODULE="run402_panel.settings", PANEL_LOG_LEVEL="ERROR"
    )
    django.setup()
    from tests.chaos.play import Play

    started = time.monotonic()
    played = Play(prepared, random.Random(options.seed), short=options.short)
    result = played.run(options.operations, options.seconds)
    for finding in result.findings:
        print(f"  {finding}")
    print(
        f"chaos on {options.backend}, seed {options.seed}, {time.monotonic() - started:.0f} s: {result.more}"
    )
    print(result.line)
    return 1 if result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
