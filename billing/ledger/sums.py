"""What payments add up to, in USD micros. Test and real money are never added to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import Any, Literal

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from wallets.limits import NETWORKS, Money, money_of
from wallets.models import Payment

State = Payment.State
#: What a sum is about, by the state of the payments that it adds up.
HELD = (State.RESERVED, State.SIGNED)
About = Literal["project_id", "actor_id", "cost", "wallet_id"]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Total:
    """So many micros in so many payments."""

    micros: int = 0
    count: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(self.micros + other.micros, self.count + other.count)


@dataclass(frozen=True)
class Totals:
    """One kind of money: what was charged, what is set aside, what nobody knows, and what was never paid."""

    money: Money
    settled: Total = field(default_factory=Total)
    held: Total = field(default_factory=Total)
    unknown: Total = field(default_factory=Total)
    released: Total = field(default_factory=Total)

    @property
    def network(self) -> str:
        """The network whose look this money has."""
        return NETWORKS[self.money][0]


@dataclass(frozen=True)
class Share:
    """What one of several caused: `key` is an id or a class of cost, empty for none."""

    key: str
    money: Money
    settled: Total


@dataclass(frozen=True)
class Day:
    """What was charged on one day, in UTC."""

    day: date
    test: int = 0
    real: int = 0


def totals(payments: QuerySet[Payment]) -> tuple[Totals, ...]:
    """Return the sums by kind of money, of those kinds that there are, real money first; test money always."""
    return totals_of(grouped(payments))


def totals_of(rows: Rows) -> tuple[Totals, ...]:
    """Return the same of rows that `grouped` read."""
    return tuple(
        _totals(money, [row for row in rows if money_of(row["network"]) == money])
        for money in ("real", "test")
        if money == "test" or any(money_of(row["network"]) == money for row in rows)
    )


def _totals(money: Money, rows: Rows) -> Totals:
    def of(*states: State) -> Total:
        fitting = (row for row in rows if row["state"] in states)
        return sum((Total(_charged(row), row["count"]) for row in fitting), Total())

    return Totals(money, of(State.SETTLED), of(*HELD), of(State.UNKNOWN), of(State.RELEASED))


def _charged(row: dict[str, Any]) -> int:
    """Return what was charged where that is known; before that, and of what never was, what was reserved."""
    return int(row["settled"] if row["state"] == State.SETTLED else row["reserved"])


def shares(payments: QuerySet[Payment], about: About) -> tuple[Share, ...]:
    """Return what was charged for each project, member, kind or wallet, the dearest first."""
    return shares_of(grouped(payments, about), about)


def shares_of(rows: Rows, about: About) -> tuple[Share, ...]:
    """Return the same of rows that `grouped` read by that, and maybe by more."""
    found: dict[tuple[str, Money], Total] = {}
    for row in rows:
        money = money_of(row["network"])
        if money and row["state"] == State.SETTLED:
            key = str(row[about] or ""), money
            found[key] = found.get(key, Total()) + Total(int(row["settled"]), row["count"])
    made = [Share(key, money, total) for (key, money), total in found.items()]
    return tuple(sorted(made, key=lambda share: (share.money, -share.settled.micros, share.key)))


def per_day(payments: QuerySet[Payment], days: Iterable[date]) -> tuple[Day, ...]:
    """Return what was charged on each of the days, the ones without any payment too."""
    day = TruncDate("reserved_at", tzinfo=UTC)
    settled = payments.filter(state=State.SETTLED).order_by().annotate(day=day)
    rows = settled.values("day", "network").annotate(settled=Sum("settled_micros", default=0))
    sums: dict[tuple[date, str], int] = {}
    for row in rows:
        if money := money_of(row["network"]):
            sums[row["day"], money] = sums.get((row["day"], money), 0) + int(row["settled"])
    return tuple(Day(one, sums.get((one, "test"), 0), sums.get((one, "real"), 0)) for one in days)


def grouped(payments: QuerySet[Payment], *abouts: About) -> Rows:
    """Return one row for each network, state, and whatever else is asked for, in one query."""
    return list(
        payments.order_by()
        .values("network", "state", *abouts)
        .annotate(
            settled=Sum("settled_micros", default=0),
            reserved=Sum("amount_micros", default=0),
            count=Count("pk"),
        )
    )


def dearest(found: Iterable[Share]) -> Iterator[tuple[Share, int]]:
    """Yield each share with the largest one of its kind of money: what its bar is measured by."""
    listed = list(found)
    for share in listed:
        yield share, max(other.settled.micros for other in listed if other.money == share.money)
