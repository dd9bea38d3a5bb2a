"""`python -m tools.services [FOLDER]`: a private PostgreSQL and Redis until Ctrl-C, with the settings that name them."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tools.services import ServiceError, Services
from tools.stack import stop_on_signals


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.services", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="a new folder to keep their data in; else a scratch one")
    arguments = parser.parse_args()
    stop_on_signals()
    try:
        if arguments.folder:
            arguments.folder.mkdir(parents=True)
            run(arguments.folder.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="run402-panel-services-") as folder:
                run(Path(folder))
    except (ServiceError, FileExistsError) as error:
        print(f"services: {error}", file=sys.stderr)
        return 1
    return 0


def run(folder: Path) -> None:
    """Print one setting a line, as an environment file has them, and wait until somebody ends this."""
    with Services.started(folder) as services:
        for name, value in services.settings.items():
            print(f"{name}={value}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("services: stopped", flush=True)


if __name__ == "__main__":
    sys.exit(main())
