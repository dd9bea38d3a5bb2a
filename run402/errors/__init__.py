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

from run402.errors.answers import (
    ApiError,
    BadAnswer,
    Conflict,
    NetworkError,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    TimedOut,
    TransportError,
    Unauthorized,
)
from run402.errors.base import PREVIEW_CHARACTERS, READ_METHODS, Run402Error, action, flat
from run402.errors.money import BalanceUnknown, PaymentRefused, PaymentUnsettled
from run402.errors.releases import Problem, ReleaseFailed, SpecInvalid, WarningsUnconfirmed

__all__ = [
    "PREVIEW_CHARACTERS",
    "READ_METHODS",
    "ApiError",
    "BadAnswer",
    "BalanceUnknown",
    "Conflict",
    "NetworkError",
    "NotFound",
    "PaymentRefused",
    "PaymentRequired",
    "PaymentUnsettled",
    "Problem",
    "RateLimited",
    "ReleaseFailed",
    "Run402Error",
    "ServerError",
    "SpecInvalid",
    "TimedOut",
    "TransportError",
    "Unauthorized",
    "WarningsUnconfirmed",
    "action",
    "flat",
    "may_retry",
]


def may_retry(error: Run402Error, *, mutation: bool) -> bool:
    """Whether sending the same request again is right.

    A read follows the generic rule (contract: apply 0.2): the gateway says so, or the failure was one of the network
    or a status that passes. What may have changed something must also be safe to repeat.

    >>> may_retry(NetworkError("The connection broke.", retryable=True), mutation=True)
    False
    """
    return error.retryable and (error.safe_to_retry or not mutation)


# Shown and pickled under the name by which they are caught.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
