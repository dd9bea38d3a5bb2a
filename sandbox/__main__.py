"""`python -m sandbox --port 8402 --data DIR`: a gateway on this computer, for this computer only."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from sandbox.app import create_app
from sandbox.server import AnnouncingServer, config, listen
from sandbox.settings import LOOPBACK

DEFAULT_PORT = 8402


def main() -> int:
    arguments = _parser().parse_args()
    if os.environ.get("PANEL_ENV", "").strip().lower() == "production":
        print("The sandbox is a toy bank and does not start where PANEL_ENV is production.", file=sys.stderr)
        return 2
    try:
        listener = listen(arguments.port)
    except OSError as error:
        print(f"Port {arguments.port} on {LOOPBACK} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    with listener:
        url = f"http://{arguments.host}:{listener.getsockname()[1]}"
        try:
            app = create_app(arguments.data, public_url=url)
        except (OSError, ValueError) as error:
            print(f"The sandbox cannot start: {error}", file=sys.stderr)
            return 1
        with contextlib.suppress(KeyboardInterrupt):
            AnnouncingServer(config(app), url).run(sockets=[listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local Run402 gateway to play with."
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 picks a free one"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder for everything it remembers")
    parser.add_argument(
        "--host", default="sandbox.localhost", help="host name under which clients reach the API"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
