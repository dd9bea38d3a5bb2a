"""`make fmt`: format code and templates as `make check` wants them."""

from __future__ import annotations

import subprocess
import sys

from tools.check import BIN, python_files, templates
from tools.layout import ROOT

COMMANDS = (
    ["ruff", "check", "--fix", "--quiet", *python_files()],
    ["ruff", "format", *python_files()],
    ["djade", "--target-version", "5.2", *templates()],
)


def main() -> int:
    codes = [
        subprocess.run([str(BIN / name), *rest], cwd=ROOT, check=False).returncode for name, *rest in COMMANDS
    ]
    # djade exits 1 when it rewrote something, which is what it was asked for.
    return codes[0] or codes[1]


if __name__ == "__main__":
    sys.exit(main())
