"""The activity pages: list, audit record, one operation as it goes, the strip of other pages, cancel."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.template import engines
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.record import record
from operations import live, pulse, queue
from operations.models import Operation, OperationRequest, Reason, State
from teams.models import Team, User
from tests.factories import GatewayFactory, OperationFactory
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind, Submit
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(client_as: ClientAs, alice: User, gateway: Gateway) -> Client:
    """alice's browser."""
    return client_as(alice)


def _page(web: Client, url: str) -> str:
    response = web.get(url)
    assert response.status_code == 200
    return response.content.decode()


def _titles(web: Client, query: str = "") -> list[str]:
    response = web.get(f"/activity/{query}")
    return [row.operation.title for row in response.context["page"].entries]


# --- List ---


def test_the_newest_comes_first_and_others_stay_out(
    web: Client, team: Team, gateway: Gateway, charlie: User
) -> None:
    for title in ("one", "two"):
        OperationFactory.create(team=team, gateway=gateway, title=title)
    OperationFactory.create(team=charlie.teams.get(), gateway=gateway, title="stranger")
    OperationFactory.create(
        team=team, gateway=GatewayFactory.create(slug="cloud", kind="cloud"), title="elsewhere"
    )
    assert _titles(web) == ["two", "one"]


def test_the_list_is_narrowed_by_its_address(
    web: Client, team: Team, gateway: Gateway, make_kind: MakeKind
) -> None:
    kind = make_kind(lambda work: None)
    make = {"team": team, "gateway": gateway}
    OperationFactory.create(**make, title="Make a wallet", state=State.SUCCEEDED, kind=kind)
    OperationFactory.create(**make, title="Deploy", state=State.WAITING, reason=Reason.CONFIRMATION)
    OperationFactory.create(**make, title="Set tier", state=State.FAILED)
    assert _titles(web, "?state=active") == ["Deploy"]
    assert _titles(web, "?state=failed") == ["Set tier"]
    assert _titles(web, f"?kind={kind}") == ["Make a wallet"]
    assert _titles(web, "?q=WALL") == ["Make a wallet"]
    assert _titles(web, "?state=failed&q=wall") == []
    assert _titles(web, "?state=nonsense&page=nonsense") == ["Set tier", "Deploy", "Make a wallet"]


def test_a_long_list_has_pages_and_few_queries(
    web: Client,
    team: Team,
    gateway: Gateway,
    alice: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(30):
        OperationFactory.create(team=team, gateway=gateway, actor=alice, title=f"number {n}")
    with django_assert_max_num_queries(12):
        assert len(_titles(web)) == 25
    assert _titles(web, "?page=2") == [f"number {n}" for n in range(4, -1, -1)]


def test_an_empty_list_says_what_it_is_for(web: Client) -> None:
    assert "Nothing has happened here yet" in _page(web, "/activity/")
    assert "Nothing matches" in _page(web, "/activity/?q=oban")


# --- Audit record ---


def test_the_record_tells_who_did_what(
    web: Client, submit: Submit, make_kind: MakeKind, charlie: User
) -> None:
    operation = submit(make_kind(lambda work: None), title="Make a wallet")
    stranger = charlie.teams.get()
    submit(make_kind(lambda work: None), title="Stranger's", team=stranger, actor=charlie)
    response = web.get("/activity/?tab=audit")
    told = [
        (entry.action, entry.event.actor_label, entry.event.object_label)
        for entry in response.context["page"].entries
    ]
    assert told == [("Asked for", "Alice", "Make a wallet")]
    assert f"/activity/{operation.pk}" in response.content.decode()


def test_the_record_is_searched_by_person_action_and_object(
    web: Client, submit: Submit, make_kind: MakeKind
) -> None:
    submit(make_kind(lambda work: None), title="Make a wallet")
    found = {}
    for text in ("alice", "asked", "wallet", "nobody"):
        found[text] = len(web.get(f"/activity/?tab=audit&q={text}").context["page"].entries)
    assert found == {"alice": 1, "asked": 1, "wallet": 1, "nobody": 0}


def test_a_viewer_sees_the_record_too(client_as: ClientAs, dora: User, gateway: Gateway) -> None:
    assert "Audit record" in _page(client_as(dora), "/activity/?tab=audit")


# --- One operation ---


def test_strangers_find_nothing(
    client_as: ClientAs, charlie: User, submit: Submit, make_kind: MakeKind
) -> None:
    operation = submit(make_kind(lambda work: None))
    stranger = client_as(charlie)
    for page in ("", "/events", "/strip"):
        assert stranger.get(f"/activity/{operation.pk}{page}").status_code == 404
    assert stranger.post(f"/activity/{operation.pk}/cancel").status_code == 404


def test_the_page_shows_steps_and_requests(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None), title="Set tier")
    queue.add_event(operation, "log", "Signed for $0.10")
    OperationRequest.objects.create(
        operation=operation,
        method="POST",
        path="/tiers/v1/prototype",
        status=402,
        milliseconds=31,
        trace_id="trc_0a9f4410b2c877d1",
        idempotency_key=operation.idempotency_key,
    )
    shown = _page(web, f"/activity/{operation.pk}")
    for words in (
        "Signed for $0.10",
        "POST /tiers/v1/prototype",
        "402",
        "31 ms",
        'data-copy="trc_0a9f4410b2c877d1"',
    ):
        assert words in shown
    assert operation.idempotency_key in shown


def test_a_request_without_an_answer_says_so(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    OperationRequest.objects.create(operation=operation, method="GET", path="/x", milliseconds=9)
    assert "no answer" in _page(web, f"/activity/{operation.pk}")


def test_a_failed_one_explains_itself(web: Client, team: Team, gateway: Gateway) -> None:
    error = {
        "code": "EMPTY",
        "message": "The wallet is empty.",
        "safe_to_retry": True,
        "mutation_state": "none",
    }
    operation = OperationFactory.create(
        team=team, gateway=gateway, state=State.FAILED, error=error, finished_at=timezone.now()
    )
    shown = _page(web, f"/activity/{operation.pk}")
    for words in ("The wallet is empty.", "EMPTY", "Nothing has changed.", "It is safe to try again."):
        assert words in shown
    assert "data-poll" not in shown


def test_only_new_events_are_sent(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    for message in ("one", "two", "three"):
        queue.add_event(operation, "log", message)
    fragment = _page(web, f"/activity/{operation.pk}/events?after=2&step=1")
    assert re.findall(r'class="say">(\w+)<', fragment) == ["three"]
    assert "after=3&amp;step=2" in fragment


def test_a_crooked_address_counts_from_the_start(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    for query in ("", "?after=x&step=-1", "?after=99999999999999999999"):
        assert web.get(f"/activity/{operation.pk}/events{query}").status_code == 200


@pytest.mark.parametrize("fragment", ["events", "strip"])
def test_the_end_loads_the_page_anew_and_stops(
    web: Client, team: Team, gateway: Gateway, fragment: str
) -> None:
    operation = OperationFactory.create(team=team, gateway=gateway, state=State.SUCCEEDED)
    response = web.get(f"/activity/{operation.pk}/{fragment}")
    assert (response.status_code, response["HX-Refresh"], response.content) == (286, "true", b"")


# --- Delays ---


def _delays(operation: Operation, count: int) -> list[int]:
    return [live.next_delay(operation, step) for step in range(count)]


def test_the_server_states_when_to_ask_again() -> None:
    now = timezone.now()
    new = Operation(queue="interactive", state=State.QUEUED, created_at=now)
    assert _delays(new, 6) == [60, 120, 250, 500, 1000, 1000]
    deploy = Operation(queue="deploys", state=State.RUNNING, created_at=now, started_at=now)
    assert _delays(deploy, 2) == [1000, 1000]
    long = Operation(
        queue="deploys", state=State.RUNNING, created_at=now, started_at=now - timedelta(seconds=61)
    )
    assert _delays(long, 2) == [2000, 2000]
    assert _delays(Operation(queue="deploys", state=State.WAITING, created_at=now), 1) == [5000]
    assert _delays(Operation(queue="interactive", state=State.FAILED, created_at=now), 1) == [0]


# --- Strip ---


def _strip(operation: Operation | None) -> str:
    template = engines["django"].from_string('{% include "operations/_strip.html" with op=op %}')
    return template.render({"op": operation}, RequestFactory().get("/")).strip()


def test_the_strip_is_empty_without_news(team: Team, gateway: Gateway) -> None:
    done = OperationFactory.create(team=team, gateway=gateway, state=State.SUCCEEDED)
    assert [_strip(None), _strip(done)] == ["", ""]


def test_the_strip_says_that_no_worker_answers(submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    assert "The operation waits and nothing is lost." in _strip(operation)
    pulse.beat_once("one")
    assert "nothing is lost" not in _strip(operation)
    assert 'data-poll="60"' in _strip(operation)


def test_the_strip_says_what_it_waits_for(submit: Submit, make_kind: MakeKind, team: Team) -> None:
    kind = make_kind(lambda work: None)
    submit(kind, lane="p/1", title="Deploy of tidepool", project_id=team.pk)
    assert "2nd in line after “Deploy of tidepool”: changes to one project run one after another." in _strip(
        submit(kind, lane="p/1", project_id=team.pk)
    )


def test_the_strip_of_a_failure_explains_it(team: Team, gateway: Gateway) -> None:
    error = {"code": "EMPTY", "message": "The wallet is empty."}
    failed = OperationFactory.create(
        team=team, gateway=gateway, state=State.FAILED, error=error, finished_at=timezone.now()
    )
    assert "The wallet is empty." in _strip(failed)
    assert f'href="/activity/{failed.pk}"' in _strip(failed)


# --- Cancel ---


def test_who_may_start_it_may_cancel_it(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    assert f'action="/activity/{operation.pk}/cancel"' in _page(web, f"/activity/{operation.pk}")
    response = web.post(f"/activity/{operation.pk}/cancel", follow=True)
    assert [str(message) for message in response.context["messages"]] == ["Cancelled."]
    operation.refresh_from_db()
    assert operation.state == State.CANCELLED


def test_a_running_one_is_asked_to_stop(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    operation = submit(make_kind(lambda work: None))
    Operation.objects.update(state=State.RUNNING, started_at=timezone.now())
    shown = web.post(f"/activity/{operation.pk}/cancel", follow=True).content.decode()
    assert "Stops before its next step. What is done already stays." in shown
    assert "/cancel" not in shown


def test_others_see_no_button_and_are_refused(
    client_as: ClientAs, dora: User, submit: Submit, make_kind: MakeKind
) -> None:
    operation = submit(make_kind(lambda work: None))
    viewer = client_as(dora)
    assert "/cancel" not in _page(viewer, f"/activity/{operation.pk}")
    assert viewer.post(f"/activity/{operation.pk}/cancel").status_code == 403
    operation.refresh_from_db()
    assert operation.state == State.QUEUED


def test_a_link_cannot_cancel(web: Client, submit: Submit, make_kind: MakeKind) -> None:
    assert web.get(f"/activity/{submit(make_kind(lambda work: None)).pk}/cancel").status_code == 405


def test_details_of_the_record_read_as_words(web: Client, team: Team, alice: User) -> None:
    details = {
        "kind": "tier.set",
        "amount_micros": 100_000,
        "network": "eip155:84532",
        "operation": "",
        "plan_b": ["x"],
    }
    with transaction.atomic():
        record("payment.settled", team_id=team.pk, actor=alice.actor, details=details)
    entry = web.get("/activity/?tab=audit").context["page"].entries[0]
    assert dict(entry.details) == {
        "Kind": "Set a tier",
        "Amount": "$0.10",
        "Network": "Base Sepolia",
        "Plan b": "x",
    }
