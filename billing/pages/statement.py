"""A month on paper: every payment of it that was charged or is still open, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from billing.ledger import naming, narrowing, sums
from billing.ledger.sums import About, Share, Totals
from billing.pages.payments import PaymentRow, payment_row
from billing.selectors import payments_of
from teams.models import Membership
from wallets.limits import NETWORKS
from wallets.models import Gateway, Payment

State = Payment.State
#: More lines than this are for the table that can be taken along.
MOST_LINES = 1000
OPEN = (State.RESERVED, State.SIGNED, State.UNKNOWN)
ABOUTS: tuple[About, ...] = ("wallet_id", "cost", "project_id", "actor_id")


@dataclass(frozen=True)
class Line:
    """A sum with its name."""

    name: str
    share: Share

    @property
    def network(self) -> str:
        """The network whose look this money has."""
        return NETWORKS[self.share.money][0]


@dataclass(frozen=True)
class StatementPage:
    """One month in UTC. `open_` are payments that are not charged yet, or that nobody knows the end of."""

    team: str
    gateway: Gateway
    month: date
    made_at: datetime
    totals: tuple[Totals, ...]
    wallets: tuple[Line, ...]
    kinds: tuple[Line, ...]
    projects: tuple[Line, ...]
    members: tuple[Line, ...]
    settled: tuple[PaymentRow, ...]
    open_: tuple[PaymentRow, ...]
    is_cut: bool
    earlier: date | None
    later: date | None
    is_over: bool

    @property
    def last(self) -> date:
        """The last day of the month."""
        return after(self.month) - timedelta(days=1)


def after(month: date) -> date:
    """Return the first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def statement_page(membership: Membership, gateway: Gateway, month: date) -> StatementPage:
    """Return the month that begins on the day `month`."""
    today, last = timezone.now().date(), after(month) - timedelta(days=1)
    every = payments_of(membership.reach).filter(wallet__gateway=gateway)
    found = every.filter(narrowing.within(month, last))
    is_first = not every.filter(reserved_at__lt=narrowing.midnight(month)).exists()
    settled = list(found.filter(state=State.SETTLED).order_by("reserved_at", "pk")[: MOST_LINES + 1])
    rows = sums.grouped(found, *ABOUTS)
    wallets, kinds, projects, members = _lines(membership, rows)
    return StatementPage(
        team=membership.team.name,
        gateway=gateway,
        month=month,
        made_at=timezone.now(),
        totals=sums.totals_of(rows),
        wallets=wallets,
        kinds=kinds,
        projects=projects,
        members=members,
        settled=tuple(map(payment_row, settled[:MOST_LINES])),
        open_=tuple(map(payment_row, found.filter(state__in=OPEN).order_by("reserved_at")[:MOST_LINES])),
        is_cut=len(settled) > MOST_LINES,
        earlier=None if is_first else (month - timedelta(days=1)).replace(day=1),
        later=after(month) if after(month) <= today else None,
        is_over=last < today,
    )


def _lines(membership: Membership, rows: sums.Rows) -> tuple[tuple[Line, ...], ...]:
    shared = {about: sums.shares_of(rows, about) for about in ABOUTS}
    keys = {about: [share.key for share in shares] for about, shares in shared.items()}
    named = naming.names(
        membership.reach,
        projects=keys["project_id"],
        members=keys["actor_id"],
        wallets=keys["wallet_id"],
    )

    def told(about: About) -> Iterator[Line]:
        for share in shared[about]:
            yield Line(named.of(about, share.key), share)

    return tuple(tuple(told(about)) for about in ABOUTS)
