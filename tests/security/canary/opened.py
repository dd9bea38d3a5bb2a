"""What the panel keeps sealed, opened with a worker's environment: secrets that no test chose.

`python -m tests.security.canary.opened` prints a JSON list of [name, hex].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.security.canary.secrets import Canary
from tools.layout import ROOT
from tools.stack import Stack


def sealed_secrets(stack: Stack) -> list[Canary]:
    """Return the canaries behind every sealed column of the running panel."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.canary.opened"],
        cwd=ROOT,
        env=stack.layout.environment("worker"),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Canary(name, bytes.fromhex(value)) for name, value in json.loads(done.stdout)]


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    django.setup()
    json.dump([[name, value.hex()] for name, value in _opened()], sys.stdout)


def _opened() -> list[tuple[str, bytes]]:
    from wallets.sealed import SealedColumn, sealed_columns

    return [
        (f"{name} of {row}", column.open(row)[0])
        for name, column in sealed_columns.items()
        if isinstance(column, SealedColumn)
        for row in column.rows()
    ]


if __name__ == "__main__":
    main()
