"""Links to pay by card: each success has one at the sandbox, one at a time for the same, and none is paid by nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from billing.checkouts import CREATE
from operations.models import State
from tests.chaos.verdict.finding import LOST, OTHER, REPEATED, Facts, Finding, check, doubts, told
from wallets.models import Checkout


@check
def a_link_is_there_when_it_was_made(facts: Facts) -> Iterator[Finding]:
    rows = {row.operation_id: row for row in Checkout.objects.all()}
    for operation in facts.of(CREATE):
        row = rows.get(operation.pk)
        there = row is not None and row.topup_id in facts.books.checkouts
        if (operation.state == State.SUCCEEDED) != there and not doubts(operation):
            yield Finding(LOST, f"checkout {row.pk if row else None}, link there: {there}: {told(operation)}")


@check
def nothing_is_asked_for_twice_at_once(facts: Facts) -> Iterator[Finding]:
    open_ones = Checkout.objects.filter(state__in=Checkout.UNFINISHED)
    wishes = Counter(open_ones.values_list("wallet_id", "product", "tier", "amount_micros"))
    for wish, count in wishes.items():
        if count > 1:
            yield Finding(REPEATED, f"{count} links to pay for {wish}")


@check
def what_nobody_paid_is_not_paid(facts: Facts) -> Iterator[Finding]:
    for row in Checkout.objects.filter(state=Checkout.State.PAID):
        if not facts.books.checkouts.get(row.topup_id):
            yield Finding(OTHER, f"checkout {row.pk} is said to be paid, and nobody paid")
