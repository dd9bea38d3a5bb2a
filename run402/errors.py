"""Everything that can go wrong, as one tree.

    Run402Error                 anything this package raises about a gateway or a payment
    ├── TransportError          no usable answer arrived
    │   ├── NetworkError        the connection failed or broke
    │   ├── TimedOut            the time limit passed
    │   └── BadAnswer           an answer came, but it is not what the contract promises
    ├── ApiError                the gateway answered with an error status
    │   ├── PaymentRequired     402; carries the challenge when there was a readable one
    │   ├── Unauthorized        401, 403
    │   ├── NotFound            404, 410
    │   ├── Conflict            409, 412
    │   ├── RateLimited         429
    │   └── ServerError         500 and above
    ├── SpecInvalid             a release description breaks the contract's rules; lists each Problem
    ├── WarningsUnconfirmed     a plan has warnings that a person must confirm first
    ├── ReleaseFailed           a release ended without going live
    ├── PaymentRefused          our own policy said no; nothing was signed
    ├── PaymentUnsettled        a signed payment left and what was bought did not arrive
    └── BalanceUnknown          the chain could not be read; never to be taken for zero

Every error carries the canonical envelope (contract: identity 1.5) whether the gateway sent one or not, so a
caller decides by ``code``, ``retryable``, ``safe_to_retry`` and ``mutation_state`` and never by parsing
sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

if TYPE_CHECKING:
    from run402.resources.plans import ApplyOperation, PlanWarning
    from run402.x402 import Challenge, Settlement, SignedPayment

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


class Problem(NamedTuple):
    """One objection to a release description: the contract's code, the field's path, and a sentence.

    >>> Problem("INVALID_SPEC", "site.patch", "must be an object.").path
    'site.patch'
    """

    code: str
    path: str
    message: str


class SpecInvalid(Run402Error):
    """A release description breaks the contract's rules. ``problems`` holds every objection, in its order."""

    default_code = "INVALID_SPEC"
    default_category = "validation"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, *rest = self.problems = tuple(problems)
        others = f" (and {len(rest)} more)" if rest else ""
        super().__init__(
            f"{first.path}: {first.message}{others}" if first.path else f"{first.message}{others}",
            code=first.code,
            mutation_state="not_started",
            details={"problems": [problem._asdict() for problem in self.problems]},
        )


class WarningsUnconfirmed(Run402Error):
    """A plan has blocking warnings that nobody confirmed; nothing was uploaded or committed.

    ``warnings`` are the ones to confirm. Confirming happens on our side: gateways are not told (contract: apply 2.10).
    """

    default_code = "DEPLOY_WARNING_REQUIRES_CONFIRMATION"
    default_category = "validation"

    def __init__(self, warnings: Sequence[PlanWarning]) -> None:
        self.warnings = tuple(warnings)
        codes = [warning.code for warning in self.warnings]
        missing = "MISSING_REQUIRED_SECRET"
        super().__init__(
            f"The plan has warnings to confirm first: {', '.join(codes)}.",
            code=missing if missing in codes else codes[0],
            mutation_state="not_started",
            details={"unacknowledged_warning_codes": codes, "warnings": [item.raw for item in self.warnings]},
        )


class ReleaseFailed(Run402Error):
    """A release ended without going live. ``operation`` is its last snapshot, with the gateway's own error."""

    default_code = "ACTIVATION_FAILED"
    default_category = "deploy"

    def __init__(self, operation: ApplyOperation) -> None:
        self.operation = operation
        told = operation.error or {}
        said = told.get("message") or f"The release ended as {operation.status}."
        code, details = told.get("code"), told.get("details")
        super().__init__(
            str(said),
            code=code.upper() if isinstance(code, str) and code else None,
            retryable=told.get("retryable") is True,
            safe_to_retry=told.get("safe_to_retry") is True,
            mutation_state=str(told.get("mutation_state") or _MUTATION_OF.get(operation.status, "unknown")),
            next_actions=told["next_actions"] if isinstance(told.get("next_actions"), list) else (),
            hint=told["hint"] if isinstance(told.get("hint"), str) else None,
            details={
                **(details if isinstance(details, Mapping) else {}), "operation_id": operation.operation_id,
            },
            body=dict(told),
        )  # fmt: skip


_MUTATION_OF = {"rolled_back": "rolled_back", "needs_repair": "partial"}


class PaymentRefused(Run402Error):
    """Our own policy refused to pay; nothing was signed or sent. ``details["reasons"]`` lists why."""

    default_code = "PAYMENT_REFUSED"
    default_category = "payment_policy"


class PaymentUnsettled(Run402Error):
    """A signed payment was presented, and the call it was for failed.

    ``outcome`` is ``"rejected"`` only when the gateway itself proved that nothing settled: a first
    presentation that was answered with 402 again. Everything else is ``"unknown"``: the authorization may
    still settle until ``payment.valid_before``, so no second one may be signed. Present the same one again
    (``Purchase.held``), or read the ledger (``client.balance.authorization_used``). ``cause`` is the failure
    itself.
    """

    default_code = "PAYMENT_OUTCOME_UNKNOWN"
    default_category = "payment"

    def __init__(
        self,
        *,
        outcome: Literal["rejected", "unknown"],
        payment: SignedPayment,
        receipt: Mapping[str, Any] | None,
        cause: Run402Error,
    ) -> None:
        rejected = outcome == "rejected"
        opening = "The payment was refused" if rejected else "The outcome of the payment is not known"
        super().__init__(
            f"{opening}: {cause.message}",
            code="PAYMENT_REJECTED" if rejected else "PAYMENT_OUTCOME_UNKNOWN",
            mutation_state="none" if rejected else "unknown",
            trace_id=cause.trace_id,
            hint=cause.hint,
            details=cause.details,
            status=cause.status,
            body=cause.body,
            retry_after=cause.retry_after,
        )
        self.next_actions = cause.next_actions
        self.outcome = outcome
        self.payment = payment
        self.receipt = dict(receipt) if receipt is not None else None
        self.cause = cause

    @property
    def settlement(self) -> Settlement:
        """The outcome with its payment and receipt, in the form that a success has it too."""
        from run402.x402 import Settlement  # x402 imports this module

        return Settlement(self.outcome, self.payment, self.receipt)


class BalanceUnknown(Run402Error):
    """No provider gave a trustworthy answer about the chain. Unknown is never zero."""

    default_code = "BALANCE_UNKNOWN"
    default_category = "network"


def may_retry(error: Run402Error, *, mutation: bool) -> bool:
    """Whether sending the same request again is right.

    A read follows the generic rule (contract: apply 0.2): the gateway says so, or the failure was one of the network
    or a status that passes. What may have changed something must also be safe to repeat.

    >>> may_retry(NetworkError("The connection broke.", retryable=True), mutation=True)
    False
    """
    return error.retryable and (error.safe_to_retry or not mutation)


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
