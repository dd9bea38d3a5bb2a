"""What goes wrong with money: ours refused, theirs in doubt, the chain unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from run402.errors.base import Run402Error

if TYPE_CHECKING:
    from run402.x402 import Settlement, SignedPayment


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
