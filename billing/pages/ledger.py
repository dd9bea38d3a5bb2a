"""The ledger: what fits the filters, what it adds up to, and its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.ledger import naming, narrowing, sums
from billing.ledger.narrowing import Narrowing
from billing.ledger.sums import Day, Totals
from billing.ledger_forms import LedgerForm, days_of
from billing.pages.payments import PaymentRow, payment_row
from core import charts
from core.paging import LongPaginator
from core.ui.money import usd
from teams.models import Membership
from teams.permissions import Action, allows
from wallets.models import Gateway, Payment

PER_PAGE = 25


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class LedgerRow:
    """One payment with the name of its project, if it is one within reach."""

    row: PaymentRow
    project: str

    @property
    def payment(self) -> Payment:
        """The payment itself."""
        return self.row.payment


@dataclass(frozen=True)
class LedgerPage:
    """One page of the ledger. Sums and chart are of all that fits, the chart of at most some months."""

    totals: tuple[Totals, ...]
    rows: Page[Payment]
    entries: tuple[LedgerRow, ...]
    chips: tuple[Chip, ...]
    chart: charts.Chart
    days: tuple[Day, ...]
    description: str
    query: str
    month: str
    may_export: bool

    @property
    def filtered(self) -> bool:
        """Something is left out."""
        return bool(self.chips)

    @property
    def unknown(self) -> int:
        """How many payments nobody knows the end of."""
        return sum(totals.unknown.count for totals in self.totals)


def ledger_page(membership: Membership, gateway: Gateway, form: LedgerForm, number: str) -> LedgerPage:
    """Return one page of what fits the filters."""
    chosen = form.narrowing()
    found = narrowing.found(membership.reach, gateway, chosen)
    rows = LongPaginator(found, PER_PAGE).get_page(number)
    listed = days_of(chosen)
    days = sums.per_day(found.filter(narrowing.within(listed[0], listed[-1])), listed)
    return LedgerPage(
        totals=sums.totals(found),
        rows=rows,
        entries=_entries(membership, list(rows)),
        chips=tuple(_chips(form, chosen)),
        chart=charts.days([(day.day, day.real, day.test) for day in days]),
        days=tuple(day for day in days if day.real or day.test),
        description=_described(days),
        query=urlencode(chosen.chosen()),
        month=f"{listed[-1]:%Y-%m}",
        may_export=allows(membership.role, Action.PAYMENTS_EXPORT),
    )


@dataclass(frozen=True)
class ProjectCosts:
    """What one project cost in the last days, by kind of money."""

    project_id: UUID
    totals: tuple[Totals, ...]


def project_costs(membership: Membership, gateway: Gateway, project_id: UUID) -> ProjectCosts:
    """Return the sums of a project's payments in the last thirty days, as far as their wallets are within reach."""
    days = days_of(Narrowing())
    chosen = Narrowing(project=str(project_id), since=days[0], until=days[-1])
    return ProjectCosts(project_id, sums.totals(narrowing.found(membership.reach, gateway, chosen)))


def _entries(membership: Membership, payments: list[Payment]) -> tuple[LedgerRow, ...]:
    projects = {str(payment.project_id) for payment in payments if payment.project_id}
    named = naming.names(membership.reach, projects=projects).projects
    return tuple(
        LedgerRow(payment_row(payment), named.get(str(payment.project_id), "")) for payment in payments
    )


def _chips(form: LedgerForm, chosen: Narrowing) -> list[Chip]:
    every = chosen.chosen()
    found = []
    for name, label, value in form.chips():
        rest = urlencode({other: said for other, said in every.items() if other != name})
        found.append(Chip(label, value, f"{reverse('billing:payments')}?{rest}"))
    return found


def _described(days: tuple[Day, ...]) -> str:
    """Return the chart in words: the sums, and the day on which most was spent."""
    real, test = sum(day.real for day in days), sum(day.test for day in days)
    said = _("%(first)s to %(last)s: %(real)s of real money and %(test)s of test money.") % {
        "first": _day(days[0].day),
        "last": _day(days[-1].day),
        "real": usd(real, exact=True),
        "test": usd(test, exact=True),
    }
    if not real and not test:
        return said
    most = max(days, key=lambda day: (day.real, day.test))
    return (
        said
        + " "
        + _("Most on %(day)s. The table below the chart holds every day.") % {"day": _day(most.day)}
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
