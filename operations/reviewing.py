"""What the page of an operation in review shows: what is known, what happens with the money, and who may decide."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from operations import decisions, marking, selectors, support
from operations.models import Operation
from teams.models import Membership
from wallets.models import Payment

LONGEST_VALUE = 200


@dataclass(frozen=True)
class Review:
    """One operation whose outcome nobody knows."""

    operation: Operation
    why: str
    payment: Payment | None
    known: tuple[tuple[str, str], ...]
    may_go_on: bool
    may_mark: bool
    can_inspect: bool
    longest_note: int = marking.LONGEST_NOTE

    @property
    def about_money(self) -> str:
        """What marking means for the payment; nothing when there is none."""
        return "" if self.payment is None else _about(self.payment)


def review_of(operation: Operation, membership: Membership) -> Review | None:
    """Return what there is to decide; None unless the operation is in review."""
    if not decisions.is_in_review(operation):
        return None
    may_mark = marking.may_mark(operation, membership)
    return Review(
        operation=operation,
        why=decisions.why_not_retried(operation),
        payment=selectors.payment_of(operation),
        known=tuple(_known(operation)) if may_mark else (),
        may_go_on=marking.may_go_on(operation, membership),
        may_mark=may_mark,
        can_inspect=decisions.can_inspect(operation),
    )


def _about(payment: Payment) -> str:
    if payment.state == Payment.State.RESERVED:
        return _("Nothing was signed: marking it frees what was set aside.")
    if payment.state in (Payment.State.SIGNED, Payment.State.UNKNOWN):
        return _(
            "Marking it does not decide about the payment: it counts against the limits until the chain tells whether "
            "it settled, and the wallet pays nothing else until then."
        )
    return _("The payment has ended; marking changes nothing about it.")


def _known(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield what is known: what names it at Run402, what the worker did so far, and what there is of a result."""
    yield _("Idempotency key"), operation.idempotency_key
    yield from ((_name(name), value) for name, value in support.named(operation.error).items())
    yield from ((_name(name), _text(value)) for name, value in support.checkpoints(operation).items())
    if operation.result:
        yield _("Result so far"), _text(operation.result)


def _name(name: str) -> str:
    return str(capfirst(name.replace("_", " ")))


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
