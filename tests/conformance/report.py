"""Counting what was asserted. One check is one named fact."""

from __future__ import annotations

import sys
from dataclasses import dataclass

LONGEST_DETAIL = 1500


@dataclass
class Report:
    """What held and what did not, said line by line as it becomes known."""

    passed: int = 0
    failed: int = 0

    def part(self, title: str) -> None:
        self._say(f"\n{title}")

    def check(self, name: str, holds: bool, detail: object = "") -> bool:
        """Count one fact. `detail` says what was seen; of a fact that holds only a short one is shown."""
        text = str(detail)
        if holds:
            self.passed += 1
            self._say(f"  ok      {name}" + (f"  ({text})" if text and len(text) <= 160 else ""))
        else:
            self.failed += 1
            self._say(f"  FAILED  {name}" + (f"\n          {text[:LONGEST_DETAIL]}" if text else ""))
        return holds

    def equal(self, name: str, seen: object, expected: object) -> bool:
        detail = "" if seen == expected else f"expected {expected!r}, saw {seen!r}"
        return self.check(name, seen == expected, detail)

    def note(self, text: str) -> None:
        """Something a reader should know that is no check."""
        self._say(f"  -       {text}")

    def summary(self) -> str:
        return f"conformance: {self.passed} passed, {self.failed} failed"

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
