"""The backend (`"ENGINE": "core.sqlite"`).

One process writes to the file at a time. SQLite has the others sleep longer and longer, up to a tenth of a second,
although a transaction of the panel takes a few milliseconds: the file then often waits for a writer. Here whoever
begins a transaction looks again every other millisecond.
"""

from __future__ import annotations

import sqlite3
import time

from django.db.backends.sqlite3 import base

LOOK_SECONDS = 0.002


class DatabaseWrapper(base.DatabaseWrapper):
    """Begins a transaction soon after the one before it has ended."""

    transaction_mode: str | None

    def _start_transaction_under_autocommit(self) -> None:
        """Begin; raise OperationalError when the others have not let us for the connection's `timeout`."""
        seconds = self.settings_dict["OPTIONS"].get("timeout", 5)
        end = time.monotonic() + seconds
        with self.wrap_database_errors:
            self.connection.execute("PRAGMA busy_timeout = 0")
            try:
                while not self._has_begun(last=time.monotonic() > end):
                    time.sleep(LOOK_SECONDS)
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _has_begun(self, *, last: bool) -> bool:
        """Begin, unless somebody else is writing; that is an error the `last` time."""
        try:
            self.connection.execute(f"BEGIN {self.transaction_mode or ''}")
        except sqlite3.OperationalError as error:
            if last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True
