"""What the panel says was paid, what the ledger moved, and what was allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from audit.models import Event
from operations.decisions import is_in_review
from operations.models import Operation, State
from tests.chaos.verdict.finding import LOST, OTHER, OVERSPENT, REPEATED, Facts, Finding, check, doubts, told
from wallets.limits import WINDOWS
from wallets.models import Payment, Wallet


@check
def every_payment_is_on_both_ledgers(facts: Facts) -> Iterator[Finding]:
    """A used authorization has one row that says settled; a row that says otherwise has none."""
    paid: dict[tuple[str, str], int] = {(one.payer, one.nonce): one.micros for one in facts.books.paid}
    if facts.books.payments != len(facts.books.paid):
        yield Finding(
            REPEATED, f"{facts.books.payments} transfers for {len(facts.books.paid)} authorizations"
        )
    in_review = {operation.pk for operation in facts.operations if is_in_review(operation)}
    for payment in Payment.objects.select_related("wallet"):
        key = (payment.wallet.address.lower(), payment.nonce.lower())
        micros = paid.pop(key, None) if payment.nonce else None
        said = f"payment {payment.pk} of operation {payment.operation_id} is {payment.state}"
        if payment.is_open and not _is_set_aside(payment, in_review):
            yield Finding(OTHER, f"{said}: never closed")
        elif payment.state == Payment.State.SETTLED and payment.paid_by == "x402" and micros is None:
            yield Finding(LOST, f"{said}, and the ledger does not have it")
        elif payment.state == Payment.State.RELEASED and micros is not None:
            yield Finding(OVERSPENT, f"{said}, and the ledger moved {micros}")
        elif micros is not None and micros != payment.settled_micros:
            yield Finding(OVERSPENT, f"{said} for {payment.settled_micros}, and the ledger moved {micros}")
    for (payer, nonce), micros in paid.items():
        yield Finding(REPEATED, f"{payer} paid {micros} with the nonce {nonce}, and no row knows of it")


def _is_set_aside(payment: Payment, in_review: Container[UUID]) -> bool:
    """Nothing was signed, and a person has to say first what became of the operation."""
    return payment.state == Payment.State.RESERVED and payment.operation_id in in_review


@check
def a_tier_is_paid_once_or_not_at_all(facts: Facts) -> Iterator[Finding]:
    payments = {payment.operation_id: payment for payment in Payment.objects.all()}
    for operation in facts.of("tier.set"):
        payment = payments.get(operation.pk)
        settled = payment is not None and payment.state == Payment.State.SETTLED
        if operation.state == State.SUCCEEDED and not settled:
            yield Finding(LOST, f"nothing was paid: {told(operation)}")
        if operation.state in (State.CANCELLED, State.FAILED) and settled and not _said_paid(operation):
            yield Finding(LOST, f"it was paid: {told(operation)}")


def _said_paid(operation: Operation) -> bool:
    return doubts(operation) or operation.error.get("code") == "PAID_NOT_DELIVERED"


@check
def limits_hold_at_every_moment(facts: Facts) -> Iterator[Finding]:
    """The audit record, read from its beginning: no reservation went beyond what the wallet could still spend.

    What has settled counts as it was charged: a job's cap is more than its cost.
    """
    in_the_end = {str(pk): micros for pk, micros in Payment.objects.values_list("pk", "settled_micros")}
    charged: dict[str, int | None] = {}
    made = {str(operation.subject_id): operation for operation in facts.of("wallet.create")}
    day: dict[str, int] = {}
    counting: dict[str, dict[str, Event]] = defaultdict(dict)
    for event in Event.objects.filter(object_type__in=["wallet", "payment"]).order_by("chain_id", "seq"):
        if event.action == "wallet.made":
            day[event.object_id] = int(made[event.object_id].args["per_day_micros"])
        elif event.action in ("wallet.limits_written", "wallet.limits_raised"):
            day[event.object_id] = int(event.details["per_day_micros"])
        elif event.action == "payment.reserved":
            wallet = event.details["wallet"]
            counting[wallet][event.object_id] = event
            spent = _within(WINDOWS["day"], event, counting[wallet].values(), charged)
            if spent > day[wallet]:
                yield Finding(OVERSPENT, f"wallet {wallet}: {spent} of {day[wallet]} with {event.object_id}")
        elif event.action == "payment.settled":
            charged[event.object_id] = in_the_end.get(event.object_id)
        elif event.action == "payment.released":
            for reserved in counting.values():
                reserved.pop(event.object_id, None)


def _within(
    window: timedelta, last: Event, reserved: Iterable[Event], charged: Mapping[str, int | None]
) -> int:
    """Return what counted in the window that ends with the last reservation."""

    def counts(event: Event) -> int:
        micros = charged.get(event.object_id)
        return int(event.details["amount_micros"]) if micros is None else micros

    return sum(counts(event) for event in reserved if event.at > last.at - window)


@check
def no_wallet_paid_more_than_it_may(facts: Facts) -> Iterator[Finding]:
    """What the sandbox's ledger moved in a run, which is shorter than a day, against the highest limit of a wallet."""
    moved: dict[str, int] = defaultdict(int)
    for one in facts.books.paid:
        moved[one.payer] += one.micros
    for wallet in Wallet.objects.exclude(address=""):
        kinds = ("wallet.create", "wallet.raise")
        most = max(o.args["per_day_micros"] for o in facts.of(*kinds) if o.subject_id == wallet.pk)
        if moved[wallet.address.lower()] > most:
            yield Finding(
                OVERSPENT, f"wallet {wallet.pk} paid {moved[wallet.address.lower()]} and may {most} a day"
            )
