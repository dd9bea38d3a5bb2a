"""What became of a payment: the four words, decided in this one place (wire README, decision 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from run402.x402.payment import SignedPayment

Outcome = Literal["settled", "rejected", "not_needed", "unknown"]

# A 402 that answers a payment and names one of these says that the money was not taken.
UNSETTLED_CODES = frozenset({"PAYMENT_REQUIRED", "INSUFFICIENT_FUNDS", "PAYMENT_INSUFFICIENT_FUNDS"})


@dataclass(frozen=True)
class Settlement:
    """The outcome of a call that may cost, with the payment and the gateway's receipt where there are any.

    ``settled``: the call succeeded with a payment. ``rejected``: the gateway proved that nothing settled.
    ``not_needed``: it never asked; a payment named here is one held from before, whose own fate the ledger
    knows. ``unknown``: the authorization may still settle until ``payment.valid_before``.

    >>> Settlement("not_needed").final
    True
    """

    outcome: Outcome
    payment: SignedPayment | None = None
    receipt: Mapping[str, Any] | None = field(default=None)

    @property
    def final(self) -> bool:
        """Whether nothing more has to be found out."""
        return self.outcome != "unknown"


def after_success(*, held: SignedPayment | None, receipt: Mapping[str, Any] | None) -> Outcome:
    """The outcome of a call that succeeded without asking for money this time."""
    settled = held is not None and receipt is not None and receipt.get("success") is True
    return "settled" if settled and is_about(receipt, held) else "not_needed"


def is_about(receipt: Mapping[str, Any] | None, payment: SignedPayment | None) -> bool:
    """Whether a receipt can be that of the payment: what it says of payer and network is what was signed.

    Nothing else in it can be compared; a receipt that names neither is taken for the payment's own.
    """
    if receipt is None or payment is None:
        return False
    said = ((receipt.get("payer"), payment.payer), (receipt.get("network"), payment.network))
    return all(not told or str(told).lower() == ours.lower() for told, ours in said)


def after_failure(
    *, held: SignedPayment | None, status: int | None, code: str, receipt: Mapping[str, Any] | None
) -> Literal["rejected", "unknown"]:
    """The outcome of a payment whose call failed with ``status`` and ``code``.

    Only a *first* presentation can be provably turned down: 402 again, and no receipt against it. One that was
    held from before may have settled then.
    """
    if held is not None or status != 402:
        return "unknown"
    if receipt is not None:
        return "rejected" if receipt.get("success") is False else "unknown"
    return "rejected" if code in UNSETTLED_CODES else "unknown"
