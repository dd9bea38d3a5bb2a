"""The base of the tree, and the canonical envelope that every error carries (contract: identity 1.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

PREVIEW_CHARACTERS = 500
READ_METHODS = frozenset({"GET", "HEAD"})


class Run402Error(Exception):
    """Base of the tree; see the module's docstring.

    ``mutation_state`` is one of the contract's words (none, not_started, committed, rolled_back, partial,
    unknown) or whatever the gateway said instead. ``body`` is the answer as it came: a JSON value, a text, or
    None.

    >>> error = Run402Error("Nothing there.", code="NOT_THERE")
    >>> error.envelope()["code"]
    'NOT_THERE'
    """

    default_code: ClassVar[str] = "RUN402_ERROR"
    default_category: ClassVar[str] = "local"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        category: str | None = None,
        retryable: bool = False,
        safe_to_retry: bool = False,
        mutation_state: str = "none",
        trace_id: str | None = None,
        next_actions: Sequence[Any] = (),
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
        status: int | None = None,
        body: Any = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.category = category or self.default_category
        self.retryable = retryable
        self.safe_to_retry = safe_to_retry
        self.mutation_state = mutation_state
        self.trace_id = trace_id
        self.next_actions = [action(item) for item in next_actions]
        self.hint = hint
        self.details = dict(details or {})
        self.status = status
        self.body = body
        self.retry_after = retry_after

    def envelope(self) -> dict[str, Any]:
        """The canonical envelope, ready for JSON; fields the gateway added are kept as they came."""
        known = {
            "error": self.message,
            "message": self.message,
            "code": self.code,
            "category": self.category,
            "retryable": self.retryable,
            "safe_to_retry": self.safe_to_retry,
            "mutation_state": self.mutation_state,
            "trace_id": self.trace_id,
            "hint": self.hint,
            "details": self.details,
            "next_actions": self.next_actions,
            "status": self.status,
        }
        if self.retry_after is not None:
            known["retry_after_seconds"] = self.retry_after
        if isinstance(self.body, str) and self.body:
            known["body_preview"] = self.body[:PREVIEW_CHARACTERS]
        return {**flat(self.body), **known}


def action(item: Any) -> dict[str, Any]:
    """One next action with a ``name`` and a ``label`` under fixed keys, and the original under ``raw``.

    The gateway has spelled both in several ways (contract: identity 1.5, next_actions); a bare text names
    itself.
    """
    if isinstance(item, Mapping) and set(item) == {"name", "label", "raw"}:
        return dict(item)
    source: Mapping[str, Any] = item if isinstance(item, Mapping) else {"name": item}
    name = _first_text(source, "action", "type", "name", "kind") or "unknown"
    label = _first_text(source, "label", "description", "message", "hint", "why") or name.replace("_", " ")
    return {"name": name, "label": label, "raw": item}


def flat(body: Any) -> dict[str, Any]:
    """An error body as one flat mapping; deploy errors nest the envelope under ``error`` (contract: apply 2.11)."""
    if not isinstance(body, Mapping):
        return {}
    nested = body.get("error")
    if isinstance(nested, Mapping):
        return {**{key: value for key, value in body.items() if key != "error"}, **nested}
    return dict(body)


def _first_text(source: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := source.get(name), str) and value), None)
