"""`make lock`: resolve the dependencies anew and export the same set for plain pip."""

from __future__ import annotations

import os
import subprocess
import sys

from tools.bootstrap import ROOT, fetch_uv, uv_environment, working_uv

EXPORTS = {"requirements.txt": ("--no-dev",), "requirements-dev.txt": ()}
HEADER = "# Exported from uv.lock by `make lock` for plain pip. Change pyproject.toml, not this file.\n"


def uv(*arguments: str) -> str:
    """uv's answer; raises CalledProcessError with its own message already on the terminal."""
    command = [working_uv() or fetch_uv(), *arguments]
    environment = {**os.environ, **uv_environment()}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def exported(name: str) -> str:
    options = ("--quiet", "--frozen", "--no-emit-project", "--no-header", "--no-annotate")
    return HEADER + uv("export", *options, *EXPORTS[name])


def stale_exports() -> list[str]:
    """The requirements files that are not what uv.lock says."""
    files = {name: ROOT / name for name in EXPORTS}
    return [name for name, path in files.items() if not path.exists() or path.read_text() != exported(name)]


def main() -> int:
    try:
        uv("lock")
        for name in EXPORTS:
            (ROOT / name).write_text(exported(name))
    except subprocess.CalledProcessError as error:
        print(f"make lock stopped: uv said no ({error.returncode}).", file=sys.stderr)
        return 1
    print(f"Locked: uv.lock, {', '.join(EXPORTS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
