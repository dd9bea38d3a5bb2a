"""One payment: as a row of lists, and whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import deciding, selectors
from billing.forms import DecideForm
from billing.ledger import explorers
from operations import selectors as operation_selectors
from operations.models import Operation, State
from teams.models import Membership
from teams.permissions import Action, allows
from wallets import cards, outside, payees
from wallets.models import Payment

LOOKS = {
    Payment.State.RESERVED: "idle",
    Payment.State.SIGNED: "running",
    Payment.State.SETTLED: "ok",
    Payment.State.RELEASED: "cancelled",
    Payment.State.UNKNOWN: "unknown",
}
PAID_BY = {
    "x402": gettext_lazy("a signed payment (x402)"),
    "balance": gettext_lazy("the balance that Run402 keeps"),
    "mpp": gettext_lazy("a signed payment (MPP)"),
    "card": gettext_lazy("a card"),
}


@dataclass(frozen=True)
class PaymentRow:
    """One payment of the ledger, with the look of its state and who asked for it."""

    payment: Payment
    look: str
    by: str

    @property
    def micros(self) -> int:
        """What was charged; before that, what may be at most."""
        settled = self.payment.settled_micros
        return self.payment.amount_micros if settled is None else settled


@dataclass(frozen=True)
class PaymentPage:
    """One payment, its operation, and what may be done about it."""

    row: PaymentRow
    operation: Operation | None
    op: Operation | None
    paid_by: str
    explanation: str
    may_reconcile: bool
    decide: DecideForm | None
    decidable_from: datetime
    receipt: tuple[tuple[str, str], ...]
    explorer: str
    is_outside: bool
    known_payee: bool
    expires_at: datetime | None


def payment_row(payment: Payment) -> PaymentRow:
    """Return a payment read by `billing.selectors` as a row."""
    return PaymentRow(payment, LOOKS[Payment.State(payment.state)], getattr(payment, "asked_by", ""))


def payment_page(payment_id: UUID, membership: Membership, form: DecideForm | None = None) -> PaymentPage:
    """Return one payment; with the form in which an owner decides about it, once that is due.

    The operations about it are read first, as `latest_for` says. Raises Http404 out of reach.
    """
    reach = membership.reach
    own = Payment.objects.filter(pk=payment_id).values("operation_id")
    operation = operation_selectors.operations_of(reach).filter(pk__in=own).first()
    look_up = operation_selectors.latest_for(reach, payment_id, "payment.reconcile")
    decision = operation_selectors.latest_for(reach, payment_id, deciding.DECIDE)
    payment = selectors.payment_for(membership, payment_id)
    by_itself = operation is not None and operation.is_active
    unknown = payment.state == Payment.State.UNKNOWN
    return PaymentPage(
        row=payment_row(payment),
        operation=operation,
        op=_followed(operation if by_itself else None, look_up, decision),
        paid_by=str(PAID_BY.get(payment.paid_by, payment.paid_by)),
        explanation=_explanation(payment),
        may_reconcile=unknown
        and not by_itself
        and not (look_up and look_up.is_active)
        and allows(membership.role, Action.TIER_SET),
        decide=(form or DecideForm()) if unknown and _may_decide(payment, membership) else None,
        decidable_from=deciding.decidable_from(payment),
        explorer=explorers.of(payment),
        is_outside=payment.kind == outside.KIND,
        known_payee=bool(payment.payee) and payees.is_stated(payment.wallet, payment.payee),
        expires_at=datetime.fromtimestamp(payment.valid_before, UTC) if payment.valid_before else None,
        receipt=tuple((str(name), _plain(value)) for name, value in payment.receipt.items()),
    )


def _followed(*operations: Operation | None) -> Operation | None:
    """Return what the page follows, or tells the end of: what moves, else what waits, else what was asked for last."""
    found = [operation for operation in operations if operation is not None]
    return max(
        found, key=lambda one: (one.is_active, one.state != State.WAITING, one.created_at), default=None
    )


def _may_decide(payment: Payment, membership: Membership) -> bool:
    due = deciding.decidable_from(payment) <= timezone.now()
    return due and allows(membership.role, Action.WALLET_RAISE)


def _plain(value: object) -> str:
    """Return a value of the receipt as it came: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _explanation(payment: Payment) -> str:
    """Return what the state means for the money."""
    if payment.paid_by == cards.PAID_BY:
        return _(
            "Paid by somebody's card. It is not the wallet's money, and no limit of the wallet counts it."
        )
    words = {
        Payment.State.RESERVED: _("Set aside. Nothing is signed and nothing has left."),
        Payment.State.SIGNED: _(
            "Signed and on its way. It counts against the limits until its end is known."
        ),
        Payment.State.SETTLED: _("Paid. The money has moved, and it counts against the limits."),
        Payment.State.RELEASED: _("Not paid. It is proven that no money moved, and the sum is free again."),
        Payment.State.UNKNOWN: _(
            "The answer was lost after the payment left. The wallet pays nothing else until the chain has told what "
            "became of it; the same payment may be presented again, and another one is never signed. When the chain "
            "has told nothing for a day, an owner decides."
        ),
    }
    return words[Payment.State(payment.state)]
