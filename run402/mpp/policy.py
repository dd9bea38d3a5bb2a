"""Deciding whether, and which of the offered charges, to pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from run402.errors import PaymentRefused
from run402.mpp.charge import AUTHORIZATION, Charge
from run402.mpp.tempo import CHAIN_ID, PATH_USD, is_address

CREDENTIAL_HEADERS = frozenset({AUTHORIZATION.lower(), "payment-authorization"})


@dataclass(frozen=True)
class CapPolicy:
    """Pays the first sound charge up to a maximum: pathUSD on Moderato, to anyone or to the recipients named.

    ``max_fee_micros`` limits what the network may take on top of the amount, which a provider's gas price decides.
    Recipients may be in any spelling.

    >>> CapPolicy(100_000).objections(Charge("Payment", {}, {"amount": "5"}))
    ['method', 'intent', 'currency', 'recipient', 'chainId', 'expires']
    """

    max_micros: int
    currency: str = PATH_USD
    chain_id: int = CHAIN_ID
    recipients: frozenset[str] | None = None
    max_fee_micros: int = 50_000

    def choose(self, charges: Sequence[Charge], *, now: float) -> Charge:
        """One of ``charges``, unchanged. Raises PaymentRefused, with all reasons, when none may be paid."""
        verdicts = [(charge, self.objections(charge, now=now)) for charge in charges]
        for charge, objections in verdicts:
            if not objections:
                return charge
        raise refusal([f"{_name(charge)}: {', '.join(bad)}" for charge, bad in verdicts])

    def objections(self, charge: Charge, *, now: float = 0.0) -> list[str]:
        """Why a charge may not be paid: names of its fields, or none. Only one plain transfer is ever paid."""
        amount, recipient = charge.amount_micros, charge.request.get("recipient")
        checks = {
            "method": charge.parameters.get("method") == "tempo",
            "intent": charge.parameters.get("intent") == "charge",
            "amount": amount is not None and 0 < amount <= self.max_micros,
            "currency": _same(charge.request.get("currency"), self.currency),
            "recipient": is_address(recipient) and self._allowed(str(recipient)),
            "chainId": charge.details.get("chainId") == self.chain_id,
            "splits": not charge.details.get("splits"),
            "feePayer": not charge.details.get("feePayer"),
            "memo": charge.details.get("memo") is None,
            "header": charge.header.lower() in CREDENTIAL_HEADERS,
            "expires": _is_later(charge.parameters.get("expires", ""), now),
        }
        return [name for name, fine in checks.items() if not fine]

    def _allowed(self, recipient: str) -> bool:
        return self.recipients is None or recipient.lower() in {each.lower() for each in self.recipients}


def refusal(reasons: list[str]) -> PaymentRefused:
    return PaymentRefused(
        "None of the MPP charges that the server offers is allowed here, so nothing was signed.",
        details={"reasons": reasons or ["nothing offered"]},
        mutation_state="not_started",
    )


def _name(charge: Charge) -> str:
    return charge.parameters.get("method", "unknown method")[:60]


def _same(value: object, address: str) -> bool:
    return isinstance(value, str) and value.lower() == address.lower()


def _is_later(text: str, now: float) -> bool:
    """A charge must end: its expiry caps the transfer's validity."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return False
    return when.tzinfo is not None and when.astimezone(UTC).timestamp() > now
