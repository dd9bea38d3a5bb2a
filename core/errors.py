"""The one shape in which the panel stores and shows errors: Run402's canonical envelope (contract: identity 1.5).

Refusal      we decided not to do it; nothing happened            (services and handlers raise it)
Fault        a canonical error as a value, stored on an operation, shown by the `error_box` tag
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NextStep:
    """One thing a person can do next: a label, and where it leads inside the panel (empty: nowhere to click)."""

    name: str
    label: str
    url: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the canonical `next_actions` item."""
        return {"type": self.name, "label": self.label, "url": self.url}


@dataclass(frozen=True)
class Fault:
    """A canonical error. `source` says who speaks: `panel` or `run402`."""

    code: str
    message: str
    source: str = "panel"
    hint: str = ""
    retryable: bool = False
    safe_to_retry: bool = True
    mutation_state: str = "none"
    trace_id: str = ""
    status: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    next_actions: tuple[Mapping[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form that operations store."""
        return {
            "code": self.code,
            "message": self.message,
            "source": self.source,
            "hint": self.hint,
            "retryable": self.retryable,
            "safe_to_retry": self.safe_to_retry,
            "mutation_state": self.mutation_state,
            "trace_id": self.trace_id,
            "status": self.status,
            "details": dict(self.details),
            "next_actions": [dict(action) for action in self.next_actions],
        }


class Refusal(Exception):
    """The panel refuses, for a reason that a person can read; nothing was done.

    `field` names the form field the sentence belongs to, if any.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        field: str = "",
        details: Mapping[str, Any] | None = None,
        next_steps: Iterable[NextStep] = (),
    ) -> None:
        super().__init__(message)
        self.field = field
        self.fault = Fault(
            code=code,
            message=str(message),
            hint=str(hint),
            details=details or {},
            next_actions=tuple(step.as_dict() for step in next_steps),
        )
