"""`make security`: who may do what, what leaks, what breaks, and whether keys turn over while everything runs.

Each part is a file of tests under tests/security, or one of a room's that belongs here; a check is a test. The last
line counts them.
"""

from __future__ import annotations

import os
import sys

import pytest

from tools.rooms import Count
from tools.stack import stop_on_signals

PARTS = ("tests/security", "tests/audit/test_tampering.py", "tests/wallets/test_fails_closed.py")


def main() -> int:
    stop_on_signals()
    os.environ.setdefault("PANEL_TEST_ROTATION_WALLETS", "1000")
    os.environ.setdefault("PANEL_TEST_FUZZ", "10000")
    count = Count()
    code = pytest.main([*PARTS, "-q", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[count])
    print(f"security: {len(count.walked)} checks, {len(count.failed)} failed")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
