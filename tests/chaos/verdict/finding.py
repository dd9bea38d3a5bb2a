"""What a check looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from operations.decisions import is_in_review
from operations.models import Operation, State
from tests.chaos.books import Books

LOST, REPEATED, OVERSPENT, OTHER = "lost", "repeated", "overspent", "other"
#: With one of these an operation says that it does not know whether it had an effect, or that it had a part of it.
DOUBTS = ("unknown", "partial", "committed")
OUR_MISTAKES = ("PANEL_BUG", "UNKNOWN_KIND")


@dataclass(frozen=True)
class Finding:
    """What is wrong, and the row that shows it."""

    what: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sentence}"


@dataclass(frozen=True)
class Facts:
    """What a check looks at."""

    books: Books
    operations: tuple[Operation, ...]
    asked: frozenset[str]

    def of(self, *kinds: str) -> list[Operation]:
        return [operation for operation in self.operations if operation.kind in kinds]


Check = Callable[[Facts], Iterator[Finding]]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def told(operation: Operation) -> str:
    """Return the operation as a line that leads to its rows and log lines."""
    error = operation.error.get("code", "")
    seen = [event.type for event in operation.events.all()]
    return (
        f"{operation.kind} {operation.pk} {operation.state}{f' ({error})' if error else ''}"
        f" attempts {operation.attempts} fence {operation.fence} checkpoints {sorted(operation.checkpoints)}"
        f" events {seen[-12:]}"
    )


def doubts(operation: Operation) -> bool:
    """Say whether it failed, or waits for a person, without claiming that nothing happened."""
    if is_in_review(operation):
        return True
    return operation.state == State.FAILED and operation.error.get("mutation_state") in DOUBTS
