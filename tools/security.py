"""`make security`: who may do what, what leaks, what breaks, and whether keys turn over while everything runs.

Each part is a file of tests under tests/security; a check is a test. The last line counts them.
"""

from __future__ import annotations

import sys

import pytest

from tools.rooms import Count
from tools.stack import stop_on_signals


def main() -> int:
    stop_on_signals()
    count = Count()
    code = pytest.main(["tests/security", "-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[count])
    print(f"security: {len(count.walked)} checks, {len(count.failed)} failed")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
