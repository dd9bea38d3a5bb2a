"""What was asked lately, and how often each project was called. Kept in memory, counters written now and then."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

from sandbox.store.projects import Projects


@dataclass(frozen=True)
class Exchange:
    """One request without its query, headers or body. `status` is None when the connection was cut on purpose."""

    at: float
    method: str
    host: str
    path: str
    status: int | None
    milliseconds: int
    request_id: str


class Activity:
    def __init__(self, projects: Projects, *, keep: int = 50) -> None:
        self._projects = projects
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._recent: deque[Exchange] = deque(maxlen=keep)

    def record(self, exchange: Exchange) -> None:
        self._recent.append(exchange)

    def recent(self) -> list[Exchange]:
        """Newest first."""
        return list(reversed(self._recent))

    def count(self, project_id: str) -> None:
        with self._lock:
            self._calls[project_id] += 1

    def unwritten(self, project_id: str) -> int:
        with self._lock:
            return self._calls[project_id]

    def flush(self) -> None:
        """Add what was counted to the projects; called by the machine and at the end."""
        with self._lock:
            calls, self._calls = self._calls, Counter()
        for project_id, count in calls.items():
            if count:
                self._projects.count_calls(project_id, count)
