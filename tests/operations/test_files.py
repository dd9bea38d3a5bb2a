"""Operations as text for support and as files: what is in them, and what never is."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import StreamingHttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from core.version import version
from operations import files, queue, support
from operations.models import Operation, OperationRequest, State
from teams.models import Membership, Role, Team, User
from tests.factories import OperationFactory
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind
from tests.teams.conftest import limit
from wallets.models import Gateway

pytestmark = pytest.mark.django_db

ERROR = {
    "code": "GONE",
    "message": "Not there.",
    "mutation_state": "none",
    "details": {"operation_id": "op_42", "body": "never-shown"},
}


@pytest.fixture
def web(client_as: ClientAs, alice: User) -> Client:
    return client_as(alice)


@pytest.fixture
def failed(team: Team, alice: User, gateway: Gateway, make_kind: MakeKind) -> Operation:
    """A failed operation with a step, two requests, and memory that nobody gets."""
    operation = OperationFactory.create(
        team=team,
        gateway=gateway,
        actor=alice,
        kind=make_kind(lambda work: None),
        title="=Deploy",
        state=State.FAILED,
        error=ERROR,
        checkpoints={"plan_id": "pln_never-shown"},
        args={"deploy": "d1"},
        consent={"assertion": "never-shown"},
    )
    queue.add_event(operation, "log", "Signed")
    ask(operation, "POST", "/apply/v1/plans", 500)
    ask(operation, "GET", "/apply/v1/plans/1", None)
    return operation


def ask(operation: Operation, method: str, path: str, status: int | None) -> OperationRequest:
    return OperationRequest.objects.create(
        operation=operation,
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        method=method,
        path=path,
        status=status,
        milliseconds=31,
        trace_id="trc_7",
        idempotency_key="panel-k",
        sent_bytes=12,
        received_bytes=340,
    )


def body_of(answer: Any) -> str:
    assert isinstance(answer, StreamingHttpResponse)
    return answer.getvalue().decode()


# --- For support ---


def test_the_text_says_what_support_asks_for(web: Client, failed: Operation) -> None:
    answer = web.get(f"/activity/{failed.pk}/support")
    text = answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    for words in (
        f"Run402 Panel {version()}",
        f"operation   {failed.pk}",
        f"kind        {failed.kind}",
        "state       failed, attempt 0",
        "code            GONE",
        "mutation_state  none",
        "operation_id    op_42",
        "done so far: plan_id",
        "requests    2",
        "2026-01-02T03:04:05.000Z  POST /apply/v1/plans  500, 31 ms",
        "GET /apply/v1/plans/1  no answer, 31 ms",
        "trace trc_7  key panel-k  sent 12 B, received 340 B",
    ):
        assert words in text
    assert "never-shown" not in text


def test_a_long_list_of_requests_ends_with_the_newest(
    web: Client, failed: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support, "MOST_REQUESTS", 2)
    ask(failed, "GET", "/newest", 200)
    text = web.get(f"/activity/{failed.pk}/support").content.decode()
    assert "requests    3, the last 2 of them" in text
    assert [part in text for part in ("POST /apply/v1/plans ", "GET /newest")] == [False, True]
    assert text.index("/apply/v1/plans/1") < text.index("/newest")


def test_the_page_has_the_requests_folded_and_on_pages(web: Client, failed: Operation) -> None:
    for number in range(60):
        ask(failed, "GET", f"/number/{number}", 200)
    first = web.get(f"/activity/{failed.pk}").content.decode()
    second = web.get(f"/activity/{failed.pk}?page=2").content.decode()
    assert ("/number/0<" in first, "/number/59<" in first, "/number/59<" in second) == (True, False, True)
    assert ('<details class="fold">' in first, '<details class="fold" open>' in second) == (True, True)


# --- As files ---


def test_a_line_holds_the_operation_with_its_steps_and_requests(failed: Operation) -> None:
    [line] = files.jsonl(Operation.objects.all())
    value = json.loads(line)
    assert {name: value[name] for name in ("id", "kind", "state", "asked_by", "args", "error")} == {
        "id": str(failed.pk),
        "kind": failed.kind,
        "state": "failed",
        "asked_by": "Alice",
        "args": {"deploy": "d1"},
        "error": ERROR,
    }
    assert [step["message"] for step in value["steps"]] == ["Signed"]
    assert [(row["method"], row["path"], row["status"]) for row in value["requests"]] == [
        ("POST", "/apply/v1/plans", 500),
        ("GET", "/apply/v1/plans/1", None),
    ]
    assert not {"checkpoints", "consent", "lease_until"} & set(value)


def test_a_result_that_must_not_stay_is_left_out(team: Team, gateway: Gateway, make_kind: MakeKind) -> None:
    passing = make_kind(lambda work: None, result_for=timedelta(minutes=5))
    for kind in (passing, "gone.kind"):
        OperationFactory.create(team=team, gateway=gateway, kind=kind, result={"sealed": "x"})
    assert [json.loads(line)["result"] for line in files.jsonl(Operation.objects.all())] == [{}, {}]


def test_many_are_read_in_few_queries(
    monkeypatch: pytest.MonkeyPatch,
    team: Team,
    gateway: Gateway,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(files, "CHUNK", 10)
    rows = [OperationFactory.create(team=team, gateway=gateway) for _ in range(30)]
    for row in rows:
        queue.add_event(row, "log", "x")
    with django_assert_max_num_queries(7):
        lines = list(files.jsonl(Operation.objects.all()))
    assert [json.loads(line)["id"] for line in lines] == [str(row.pk) for row in rows]
    assert all(len(json.loads(line)["steps"]) == 1 for line in lines)


def test_owners_take_what_the_page_lists(
    web: Client, team: Team, gateway: Gateway, failed: Operation, charlie: User
) -> None:
    OperationFactory.create(team=team, gateway=gateway, title="other", state=State.SUCCEEDED)
    OperationFactory.create(team=charlie.teams.get(), gateway=gateway, title="stranger", state=State.FAILED)
    answer = web.post("/activity/export/operations?state=failed", {"format": "jsonl"})
    assert [json.loads(line)["id"] for line in body_of(answer).splitlines()] == [str(failed.pk)]
    assert answer["Content-Disposition"].startswith('attachment; filename="operations-halden-')
    event = Event.objects.get(action="operation.exported")
    assert (event.actor_label, event.details) == (
        "Alice",
        {"format": "jsonl", "filters": {"state": "failed"}},
    )


def test_the_table_has_no_formulas(web: Client, failed: Operation) -> None:
    answer = web.post("/activity/export/operations", {"format": "csv"})
    [row] = csv.DictReader(io.StringIO(body_of(answer)))
    assert (row["title"], row["code"], row["state"]) == ("'=Deploy", "GONE", "failed")


def test_a_limited_admin_takes_what_they_reach(
    client_as: ClientAs, team: Team, bob: User, gateway: Gateway, failed: Operation
) -> None:
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    limit(bob, projects=[])
    OperationFactory.create(team=team, gateway=gateway, project_id=team.pk)
    answer = client_as(bob).post("/activity/export/operations", {"format": "jsonl"})
    assert [json.loads(line)["id"] for line in body_of(answer).splitlines()] == [str(failed.pk)]


def test_others_take_nothing(client_as: ClientAs, bob: User, web: Client, failed: Operation) -> None:
    assert client_as(bob).post("/activity/export/operations", {"format": "jsonl"}).status_code == 403
    assert web.post("/activity/export/operations", {"format": "exe"}).status_code == 400
    assert web.get("/activity/export/operations").status_code == 405


def test_the_command_writes_a_range_of_days(tmp_path: Path, team: Team, gateway: Gateway) -> None:
    for title, day in {"before": 1, "first": 2, "last": 3, "after": 4}.items():
        operation = OperationFactory.create(team=team, gateway=gateway, title=title)
        at = datetime(2026, 3, day, tzinfo=UTC)
        Operation.objects.filter(pk=operation.pk).update(created_at=at)
    OperationFactory.create(gateway=gateway, title="stranger")
    out = tmp_path / "operations.jsonl"
    options = {"since": "2026-03-02", "until": "2026-03-04", "team": str(team.pk), "out": str(out)}
    call_command("operations_export", *[f"--{name}={value}" for name, value in options.items()])
    assert [json.loads(line)["title"] for line in out.read_text().splitlines()] == ["first", "last"]
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="is there already"):
        call_command("operations_export", f"--out={out}")


def test_the_command_writes_to_the_terminal(capsys: pytest.CaptureFixture[str], failed: Operation) -> None:
    call_command("operations_export")
    assert json.loads(capsys.readouterr().out)["id"] == str(failed.pk)
    with pytest.raises(CommandError, match="no day like"):
        call_command("operations_export", "--since=yesterday")
