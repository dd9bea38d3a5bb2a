"""Known secrets go through every form; then everything the panel keeps or says is searched for them.

`run(folder)` starts a whole panel there, walks it and returns what leaked, as sentences; an empty list is what we want.
"""

from tests.security.canary.run import run

__all__ = ["run"]
