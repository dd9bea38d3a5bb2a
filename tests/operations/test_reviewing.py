"""The page of an operation whose outcome nobody knows."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from operations.models import Operation, State
from teams.models import User
from tests.factories import PaymentFactory, WalletFactory
from tests.fixtures import ClientAs
from wallets.models import Gateway, Payment

pytestmark = pytest.mark.django_db

NOTE = "Seen on the site"


def state_of(operation: Operation) -> tuple[str, str]:
    operation.refresh_from_db()
    return operation.state, operation.reason


@pytest.fixture
def web(client_as: ClientAs, alice: User) -> Client:
    """alice's browser."""
    return client_as(alice)


def test_the_page_says_why_and_offers_what_can_be_done(
    web: Client, doubtful: Operation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    web.get(f"/activity/{doubtful.pk}")
    with django_assert_max_num_queries(12):
        shown = web.get(f"/activity/{doubtful.pk}").content.decode()
    for words in (
        "Outcome unknown",
        "The connection broke.",
        "It is not repeated by itself.",
        "Nobody knows whether it happened: doing it again could do it twice.",
        "op_42",
        "pln_7",
        doubtful.idempotency_key,
        f'action="/activity/{doubtful.pk}/resume"',
        f'action="/activity/{doubtful.pk}/mark"',
    ):
        assert words in shown
    for words in ("/inspect", "/cancel", "never-shown"):
        assert words not in shown


def test_a_viewer_reads_why_and_can_do_nothing(client_as: ClientAs, dora: User, doubtful: Operation) -> None:
    viewer = client_as(dora)
    shown = viewer.get(f"/activity/{doubtful.pk}").content.decode()
    assert "Nobody knows whether it happened" in shown
    assert not any(words in shown for words in ("/resume", "/inspect", "/mark", "pln_7"))
    for what in ("resume", "inspect", "mark"):
        sent = viewer.post(f"/activity/{doubtful.pk}/{what}", {"outcome": "done", "note": NOTE})
        assert sent.status_code == 403
    assert state_of(doubtful) == ("waiting", "review")


def test_the_form_marks_it(web: Client, doubtful: Operation) -> None:
    answer = web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "failed", "note": NOTE})
    assert (answer.status_code, answer["Location"]) == (302, f"/activity/{doubtful.pk}")
    assert state_of(doubtful) == ("failed", "")


def test_the_form_says_what_is_missing(web: Client, doubtful: Operation) -> None:
    answer = web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "done", "note": " "}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "Say in a note how you know what became of it."
    ]
    assert web.post(f"/activity/{doubtful.pk}/mark", {"outcome": "maybe", "note": NOTE}).status_code == 400
    assert state_of(doubtful) == ("waiting", "review")


def test_the_way_back_stays_in_the_panel(web: Client, doubtful: Operation) -> None:
    back = {"next": "https://evil.example.com/"}
    answer = web.post(f"/activity/{doubtful.pk}/resume", back)
    assert answer["Location"] == f"/activity/{doubtful.pk}"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Payment.State.RESERVED, "marking it frees what was set aside"),
        (Payment.State.UNKNOWN, "it counts against the limits until the chain tells"),
        (Payment.State.SETTLED, "marking changes nothing about it"),
    ],
)
def test_the_page_says_what_happens_with_the_money(
    web: Client, doubtful: Operation, alice: User, gateway: Gateway, state: str, words: str
) -> None:
    wallet = WalletFactory.create(team=doubtful.team, owner=alice, gateway=gateway)
    payment = PaymentFactory.create(wallet=wallet, operation_id=doubtful.pk, state=state)
    shown = web.get(f"/activity/{doubtful.pk}").content.decode()
    assert words in shown
    assert f'href="/payments/{payment.pk}"' in shown


def test_the_page_loads_anew_when_it_comes_into_review_or_out_of_it(web: Client, doubtful: Operation) -> None:
    events = f"/activity/{doubtful.pk}/events"
    inside, outside = web.get(f"{events}?review=1"), web.get(events)
    assert (inside.status_code, outside.status_code) == (200, 286)
    assert b"operation-now" not in inside.content
    assert b"review=1" in inside.content
    Operation.objects.update(state=State.QUEUED, reason="")
    inside, outside = web.get(f"{events}?review=1"), web.get(events)
    assert (inside.status_code, outside.status_code) == (286, 200)


def test_home_leads_to_it(web: Client, doubtful: Operation) -> None:
    Operation.objects.update(subject_url="/elsewhere")
    shown = web.get("/").content.decode()
    assert "nobody knows what became of it" in shown
    assert f'href="/activity/{doubtful.pk}"' in shown
