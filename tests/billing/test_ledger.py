"""The ledger as people read it: filters, sums that never mix money, days, files, a month on paper, and who pays."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from billing.ledger.sums import Day, Total
from core import charts
from projects.models import Project
from teams.models import Membership, Team, User
from tests.billing.conftest import at
from tests.factories import PaymentFactory, ProjectFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Payment, Wallet
from wallets.models.gateway import BASE_MAINNET

State = Payment.State
Pay = Callable[..., Payment]


@pytest.fixture
def browser(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    return at(client_as(alice), gateway)


@pytest.fixture
def wallet(team: Team, gateway: Gateway, alice: User) -> Wallet:
    made: Wallet = WalletFactory.create(team=team, gateway=gateway, owner=alice, label="First")
    return made


@pytest.fixture
def project(wallet: Wallet, team: Team, alice: User) -> Project:
    made: Project = ProjectFactory.create(team=team, wallet=wallet, created_by=alice, name="guestbook")
    return made


@pytest.fixture
def pay(wallet: Wallet, alice: User) -> Pay:
    def make(**fields: Any) -> Payment:
        at_ = fields.pop("at", timezone.now())
        payment: Payment = PaymentFactory.create(
            **{"wallet": wallet, "actor_id": alice.pk, "reserved_at": at_, "ended_at": at_, **fields}
        )
        return payment

    return make


def page(browser: Client, address: str) -> Any:
    return browser.get(address).context["page"]


def purposes(browser: Client, query: str) -> list[str]:
    return sorted(entry.payment.purpose for entry in page(browser, f"/payments?{query}").entries)


def test_every_filter_narrows_and_can_be_left_out(
    browser: Client, pay: Pay, project: Project, alice: User, bob: User
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    pay(purpose="tier", cost="tier", actor_id=bob.pk, paid_by="balance")
    pay(purpose="image", cost="image", project_id=project.pk, payee="0x" + "ab" * 20)
    pay(purpose="real", network=BASE_MAINNET, cost="image")
    pay(purpose="old", at=yesterday - timedelta(days=4))
    for query, expected in {
        "cost=image": ["image", "real"],
        "money=real": ["real"],
        "money=test&cost=image": ["image"],
        f"project={project.pk}": ["image"],
        f"member={bob.pk}": ["tier"],
        "by=balance": ["tier"],
        f"q=0x{'AB' * 20}": ["image"],
        f"since={yesterday:%Y-%m-%d}": ["image", "real", "tier"],
        f"until={yesterday:%Y-%m-%d}": ["old"],
        "since=yesterday&cost=weather": ["image", "old", "real", "tier"],
    }.items():
        assert purposes(browser, query) == expected, query
    chips = page(browser, f"/payments?cost=image&project={project.pk}&since=never").chips
    assert [(chip.label, chip.value, chip.url) for chip in chips] == [
        ("Project", "guestbook", "/payments?cost=image"),
        ("Kind", "Images", f"/payments?project={project.pk}"),
    ]


def test_real_and_test_money_are_added_up_apart(browser: Client, pay: Pay) -> None:
    pay(settled_micros=100_000)
    pay(network=BASE_MAINNET, settled_micros=5_000_000)
    pay(network=BASE_MAINNET, state=State.RESERVED, settled_micros=None, amount_micros=30_000)
    pay(state=State.RELEASED, settled_micros=0, amount_micros=70_000)
    real, test = page(browser, "/payments").totals
    assert (real.money, real.settled, real.held) == ("real", Total(5_000_000, 1), Total(30_000, 1))
    assert (test.money, test.settled, test.released) == ("test", Total(100_000, 1), Total(70_000, 1))


def test_the_days_are_those_of_utc_and_the_chart_says_them_in_words(browser: Client, pay: Pay) -> None:
    today = timezone.now().date()
    late = datetime.combine(today - timedelta(days=1), datetime.min.time(), UTC) + timedelta(
        hours=23, minutes=59
    )
    pay(at=late, settled_micros=250_000)
    pay(settled_micros=100_000)
    pay(state=State.UNKNOWN, settled_micros=None)
    shown = page(browser, "/payments")
    assert shown.days == (Day(today - timedelta(days=1), test=250_000), Day(today, test=100_000))
    assert len(shown.chart.groups) == 30
    assert "$0.00 of real money and $0.35 of test money" in shown.description
    assert "<title" in browser.get("/payments").content.decode()


def test_a_chart_is_of_three_months_at_most(browser: Client, pay: Pay) -> None:
    pay()
    assert len(page(browser, "/payments?since=2020-01-01").chart.groups) == 92


def test_the_table_that_is_taken_along_has_what_the_filters_leave_and_no_formula(
    browser: Client, pay: Pay, alice: User, team: Team
) -> None:
    pay(purpose="=HYPERLINK(1)", settled_micros=1_234_567, cost="image", transaction="0x" + "0f" * 32)
    pay(purpose="left out", cost="tier")
    answer = browser.post("/payments/export?cost=image")
    (row,) = csv.DictReader(b"".join(answer).decode().splitlines())
    assert answer["Content-Disposition"].startswith('attachment; filename="payments-')
    assert (row["purpose"], row["charged_usd_micros"], row["charged_usd"], row["member"]) == (
        "'=HYPERLINK(1)",
        "1234567",
        "1.234567",
        str(alice.pk),
    )
    event = Event.objects.get(action="payment.exported")
    assert event.details == {"format": "csv", "filters": {"cost": "image"}}


def test_who_pays_is_told_by_project_member_kind_and_wallet(
    browser: Client, pay: Pay, project: Project, bob: User, alice: User
) -> None:
    for micros in (300_000, 200_000):
        pay(project_id=project.pk, cost="image", settled_micros=micros)
    pay(actor_id=bob.pk, cost="tier", settled_micros=100_000)
    pay(project_id=uuid.uuid4(), cost="weather", settled_micros=50_000, actor_id=None)
    pay(state=State.UNKNOWN, settled_micros=None)

    def told(split: str) -> list[tuple[str, int]]:
        costs = page(browser, f"/payments/costs?split={split}").costs
        return [(cost.name, cost.share.settled.micros) for cost in costs]

    assert told("project") == [
        ("guestbook", 500_000),
        ("No project: tiers and the like", 100_000),
        ("Not in your reach, or gone", 50_000),
    ]
    assert told("member") == [(alice.label, 500_000), (bob.label, 100_000), ("Nobody of the team", 50_000)]
    assert told("kind") == [("Images", 500_000), ("Tiers", 100_000), ("weather", 50_000)]
    assert told("wallet") == [("First", 650_000)]
    assert told("nonsense") == told("project")
    first = page(browser, "/payments/costs").costs[0]
    assert f"project={project.pk}" in first.url


def test_a_month_on_paper_has_its_payments_and_what_is_open_apart(browser: Client, pay: Pay) -> None:
    pay(at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC), purpose="in time")
    pay(at=datetime(2026, 2, 1, tzinfo=UTC), purpose="too late")
    pay(at=datetime(2026, 1, 3, tzinfo=UTC), purpose="open", state=State.UNKNOWN, settled_micros=None)
    shown = page(browser, "/payments/statement?month=2026-01")
    assert [row.payment.purpose for row in shown.settled] == ["in time"]
    assert [row.payment.purpose for row in shown.open_] == ["open"]
    assert (shown.totals[0].settled, shown.totals[0].unknown) == (Total(100_000, 1), Total(100_000, 1))
    assert (shown.earlier, shown.later, shown.last, shown.is_over) == (
        None,
        date(2026, 2, 1),
        date(2026, 1, 31),
        True,
    )
    assert page(browser, "/payments/statement?month=2026-02").earlier == date(2026, 1, 1)
    assert page(browser, "/payments/statement").month == timezone.now().date().replace(day=1)


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "2999-01", "january", "2026-1"])
def test_a_month_that_is_none_is_not_found(browser: Client, month: str) -> None:
    assert browser.get(f"/payments/statement?month={month}").status_code == 404


def test_what_was_paid_elsewhere_stands_out(browser: Client, pay: Pay) -> None:
    outside = pay(kind="outside", purpose="Paid elsewhere")
    assert "not made here" in browser.get("/payments").content.decode()
    assert "Not made by this panel" in browser.get(f"/payments/{outside.pk}").content.decode()


def test_only_what_is_within_reach_is_listed_added_up_and_taken_along(
    client_as: ClientAs, bob: User, team: Team, gateway: Gateway, pay: Pay, wallet: Wallet
) -> None:
    pay(purpose="theirs")
    kept = WalletFactory.create(team=team, gateway=gateway, label="Kept", open_to_team=False)
    pay(wallet=kept, purpose="kept", settled_micros=900_000)
    Membership.objects.filter(user=bob).update(role="billing")
    Team.objects.update(shares_wallets=True)
    browser = at(client_as(bob), gateway)
    shown = page(browser, "/payments")
    assert [entry.payment.purpose for entry in shown.entries] == ["theirs"]
    assert shown.totals[0].settled == Total(100_000, 1)
    assert "kept" not in b"".join(browser.post("/payments/export")).decode()
    assert [cost.name for cost in page(browser, "/payments/costs?split=wallet").costs] == ["First"]
    assert "Kept" not in browser.get("/payments/statement?month=2026-01").content.decode()


def test_the_projects_page_says_what_it_cost(browser: Client, pay: Pay, project: Project) -> None:
    pay(project_id=project.pk, settled_micros=420_000)
    pay(settled_micros=100_000)
    shown = page(browser, f"/projects/{project.pk}/panels/costs")
    assert [totals.settled for totals in shown.totals] == [Total(420_000, 1)]


@given(st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**13)), min_size=1, max_size=92))
def test_every_bar_lies_within_the_chart_and_every_sum_is_seen(sums: list[tuple[int, int]]) -> None:
    first = date(2026, 1, 1)
    chart = charts.days([(first + timedelta(days=n), real, test) for n, (real, test) in enumerate(sums)])
    assert 2 <= len(chart.lines) <= charts.LINES + 2
    assert chart.lines[-1].micros >= chart.highest
    for group, (real, test) in zip(chart.groups, sums, strict=True):
        for bar, micros in ((group.real, real), (group.test, test)):
            assert (bar.height > 0) == (micros > 0)
            assert bar.y >= charts.TOP - 0.1
            assert bar.x + bar.width <= charts.WIDTH + 0.2
