"""What a caller permits when a call may cost, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from run402.x402.outcome import Outcome, Settlement
from run402.x402.payment import SignedPayment
from run402.x402.policy import Policy

T = TypeVar("T")


@dataclass(frozen=True)
class Purchase:
    """Permission to pay for one call.

    ``before_send`` gets the signed payment before it leaves and must store it durably; when it raises,
    nothing is sent. ``held`` is a payment signed earlier for this same call: it is presented again, policy
    and ``before_send`` are not asked, and no second one is signed.

    >>> from run402.x402 import CapPolicy
    >>> Purchase(CapPolicy(100_000), before_send=lambda payment: None).held is None
    True
    """

    policy: Policy
    before_send: Callable[[SignedPayment], None] = field(repr=False)
    held: SignedPayment | None = None


@dataclass(frozen=True)
class Paid(Generic[T]):
    """What a call that may cost gave. ``receipt`` is the gateway's, whole, when it sent a readable one.

    ``outcome`` is ``"settled"`` when a payment was presented and the call succeeded, ``"not_needed"`` when
    the gateway never asked. With a held payment and ``"not_needed"``, ``payment`` is the held one: whether
    *it* settled earlier is for the ledger to say.

    >>> Paid("value", "not_needed", None, None).value
    'value'
    """

    value: T
    outcome: Outcome
    payment: SignedPayment | None
    receipt: dict[str, Any] | None

    @property
    def settlement(self) -> Settlement:
        """The outcome with its payment and receipt, in the form that a failure has it too."""
        return Settlement(self.outcome, self.payment, self.receipt)
