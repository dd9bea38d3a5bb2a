"""The ledger, and one payment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import deciding, selectors
from billing.forms import DecideForm
from operations import selectors as operation_selectors
from operations.models import Operation
from teams.models import Membership
from teams.permissions import Action, allows
from teams.reach import Reach
from wallets.models import Gateway, Payment
from wallets.models.gateway import BASE_SEPOLIA

PER_PAGE = 25
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
class LedgerPage:
    """One page of the ledger."""

    sums: selectors.LedgerSums
    rows: Page[Payment]
    entries: tuple[PaymentRow, ...]
    filtered: bool
    network: str = BASE_SEPOLIA


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


def ledger_page(reach: Reach, gateway: Gateway, filters: Mapping[str, str], number: str) -> LedgerPage:
    """Return one page of what fits the filters."""
    found = selectors.ledger(reach, gateway, **filters)
    rows = Paginator(found, PER_PAGE).get_page(number)
    return LedgerPage(
        selectors.ledger_sums(reach, gateway), rows, tuple(map(payment_row, rows)), bool(filters)
    )


def payment_row(payment: Payment) -> PaymentRow:
    """Return a payment read by `billing.selectors` as a row."""
    return PaymentRow(payment, LOOKS[Payment.State(payment.state)], getattr(payment, "asked_by", ""))


def payment_page(payment: Payment, membership: Membership, form: DecideForm | None = None) -> PaymentPage:
    """Return one payment; with the form in which an owner decides about it, once that is due."""
    reach = membership.reach
    operation = operation_selectors.operations_of(reach).filter(pk=payment.operation_id).first()
    look_up = operation_selectors.latest_for(reach, payment.pk, "payment.reconcile")
    by_itself = operation is not None and operation.is_active
    unknown = payment.state == Payment.State.UNKNOWN
    return PaymentPage(
        row=payment_row(payment),
        operation=operation,
        op=operation if by_itself else look_up,
        paid_by=str(PAID_BY.get(payment.paid_by, payment.paid_by)),
        explanation=_explanation(payment),
        may_reconcile=unknown
        and not by_itself
        and not (look_up and look_up.is_active)
        and allows(membership.role, Action.TIER_SET),
        decide=(form or DecideForm()) if unknown and _may_decide(payment, membership) else None,
        decidable_from=deciding.decidable_from(payment),
        receipt=tuple((str(name), _plain(value)) for name, value in payment.receipt.items()),
    )


def _may_decide(payment: Payment, membership: Membership) -> bool:
    due = deciding.decidable_from(payment) <= timezone.now()
    return due and allows(membership.role, Action.WALLET_RAISE)


def _plain(value: object) -> str:
    """Return a value of the receipt as it came: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _explanation(payment: Payment) -> str:
    """Return what the state means for the money."""
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
