"""Errors as the gateway words them: one exception that carries the canonical envelope (identity 1.5)."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """An answer that is not a success. `extra` holds additive top-level fields, such as `hint` or `operation_id`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        category: str = "validation",
        retryable: bool = False,
        safe_to_retry: bool = True,
        mutation_state: str = "none",
        details: dict[str, Any] | None = None,
        next_actions: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.code = code
        self._fields = {
            "error": message,
            "message": message,
            "code": code,
            "category": category,
            "retryable": retryable,
            "safe_to_retry": safe_to_retry,
            "mutation_state": mutation_state,
            "details": details or {},
            "next_actions": [{"action": name, "type": name} for name in next_actions],
            **extra,
        }

    def envelope(self, trace_id: str) -> dict[str, Any]:
        return {**self._fields, "trace_id": trace_id}


def bad_request(code: str, message: str, **fields: Any) -> Problem:
    return Problem(400, code, message, **fields)


def invalid_spec(message: str, *, resource: str, **fields: Any) -> Problem:
    return Problem(
        400,
        "INVALID_SPEC",
        message,
        category="deploy",
        next_actions=("edit_request",),
        phase="validate",
        resource=resource,
        **fields,
    )


def unauthorized(message: str) -> Problem:
    return Problem(401, "UNAUTHORIZED", message, category="auth", next_actions=("authenticate",))


def forbidden(message: str, *, code: str = "FORBIDDEN", **fields: Any) -> Problem:
    return Problem(403, code, message, category="auth", **fields)


def not_found(code: str, message: str, **fields: Any) -> Problem:
    return Problem(404, code, message, category="not_found", **fields)


def conflict(code: str, message: str, **fields: Any) -> Problem:
    return Problem(409, code, message, category="conflict", **fields)


def not_run_here(slice_name: str) -> Problem:
    """A part of the contract that this sandbox does not execute: said plainly, never pretended."""
    return Problem(
        501,
        "NOT_IMPLEMENTED",
        f"This sandbox does not run '{slice_name}' yet. Nothing was changed.",
        category="deploy",
        mutation_state="none",
        hint="Leave this part out of the spec, or deploy to Run402 Cloud.",
        resource=slice_name,
        next_actions=("edit_request",),
    )
