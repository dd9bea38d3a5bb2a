"""The machine that a command runs on."""

from __future__ import annotations

import getpass
import os


def os_user() -> str:
    """Return the name under which the operating system runs this, for the record."""
    try:
        return getpass.getuser()[:80]
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"uid {os.getuid()}"
