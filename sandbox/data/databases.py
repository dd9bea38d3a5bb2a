"""The projects' databases: one SQLite file each, opened when it is needed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sandbox.data.engine import ProjectDatabase

MOST_OPEN = 100
IDLE_SECONDS = 60


class Databases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder / "databases"
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._open: dict[str, tuple[ProjectDatabase, float]] = {}

    def open(self, project_id: str) -> ProjectDatabase:
        """The project's database, made on first use."""
        now = time.monotonic()
        with self._lock:
            known = self._open.get(project_id)
            database = known[0] if known else ProjectDatabase(self._path(project_id))
            self._open[project_id] = (database, now)
            if len(self._open) > MOST_OPEN:
                self._close_idle(now)
        return database

    def find(self, project_id: str) -> ProjectDatabase | None:
        """The project's database, where it has one."""
        return self.open(project_id) if self._path(project_id).exists() else None

    def _path(self, project_id: str) -> Path:
        return self._folder / f"{project_id}.sqlite3"

    def _close_idle(self, now: float) -> None:
        """No request lasts as long as an idle minute, so nobody is using what is closed here."""
        for project_id, (database, used) in list(self._open.items()):
            if now - used > IDLE_SECONDS:
                database.close()
                del self._open[project_id]

    def forget(self, project_id: str) -> None:
        """Delete everything that a project kept."""
        with self._lock:
            known = self._open.pop(project_id, None)
            if known:
                known[0].close()
            for path in self._folder.glob(f"{project_id}.sqlite3*"):
                path.unlink()

    def close(self) -> None:
        with self._lock:
            for database, _used in self._open.values():
                database.close()
            self._open.clear()
