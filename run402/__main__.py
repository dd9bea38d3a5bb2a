"""``python -m run402 URL``: print what a gateway can do. Needs no key and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from run402.capabilities import Capabilities
from run402.client import Client
from run402.errors import Run402Error

USAGE = "usage: python -m run402 URL\n"
_WORDS = {True: "yes", False: "no", None: "not told"}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the gateway answered, 1 when it did not, 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stderr.write(USAGE)
        return 2
    try:
        with Client(arguments[0]) as client:
            sys.stdout.write(_table(client.capabilities()))
    except ValueError as error:
        sys.stderr.write(f"{error}\n{USAGE}")
        return 2
    except Run402Error as error:
        sys.stderr.write(f"{arguments[0]}: {error.message}\n")
        return 1
    return 0


def _table(found: Capabilities) -> str:
    lines = [f"{found.base_url} speaks the {found.kind} dialect"]
    lines += [f"  {item.name:14} {_WORDS[item.available]:9} {item.meaning}" for item in found.found]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
