"""What goes wrong between a request and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from run402.errors.base import READ_METHODS, Run402Error

if TYPE_CHECKING:
    from run402.x402 import Challenge


class TransportError(Run402Error):
    """No usable answer arrived. ``mutation_state`` says whether the request can have had an effect."""

    default_code = "NETWORK_ERROR"
    default_category = "network"

    def after(self, method: str, *, status: int | None = None, trace_id: str | None = None) -> Self:
        """Itself, told which request it came from: one that may write may have written."""
        self.safe_to_retry = method in READ_METHODS
        self.mutation_state = "none" if self.safe_to_retry else "unknown"
        self.status = self.status or status
        self.trace_id = self.trace_id or trace_id
        return self


class NetworkError(TransportError):
    """The connection could not be made, or broke."""


class TimedOut(TransportError):
    """A time limit passed: connecting, sending, or waiting for the whole answer."""

    default_code = "TIMED_OUT"


class BadAnswer(TransportError):
    """An answer came that the contract does not know: no JSON, too large, or a needed field is missing."""

    default_code = "BAD_ANSWER"


class ApiError(Run402Error):
    """The gateway answered with a status outside the 200s."""

    default_code = "API_ERROR"
    default_category = "api"


class PaymentRequired(ApiError):
    """402. ``challenge`` is None when no x402 v2 challenge could be read: then nothing can be paid."""

    default_code = "PAYMENT_REQUIRED"
    default_category = "payment_required"
    challenge: Challenge | None = None


class Unauthorized(ApiError):
    """401 or 403: the credential is missing, wrong, or not enough."""

    default_code = "UNAUTHORIZED"
    default_category = "auth"


class NotFound(ApiError):
    """404 or 410."""

    default_code = "NOT_FOUND"
    default_category = "not_found"


class Conflict(ApiError):
    """409 or 412: the state is not the one the request assumed."""

    default_code = "CONFLICT"
    default_category = "conflict"


class RateLimited(ApiError):
    """429. ``retry_after`` holds the seconds to wait when the gateway said so."""

    default_code = "RATE_LIMITED"
    default_category = "rate_limit"


class ServerError(ApiError):
    """500 and above."""

    default_code = "INTERNAL_ERROR"
    default_category = "transient"
