"""Every log line says what it belongs to: request, operation, team, gateway; from the click to the worker."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from operations import runner
from operations.models import Operation
from operations.registry import SYNC
from operations.work import Work
from teams.models import Team, User
from tests.factories import WalletFactory
from tests.fixtures import ClientAs
from tests.operations.conftest import MakeKind, Submit
from wallets.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO")
    return caplog


def _line(caplog: pytest.LogCaptureFixture, event: str) -> dict[str, Any]:
    found = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return next(dict(line) for line in found if line["event"] == event)


def test_a_handlers_own_line_carries_all_ids(
    lines: pytest.LogCaptureFixture, make_kind: MakeKind, submit: Submit
) -> None:
    def handler(work: Work) -> None:
        structlog.get_logger("room").warning("something_odd")

    operation = submit(make_kind(handler))
    Operation.objects.update(request_id="req-1")
    runner.run_due(operation.queue)
    line = _line(lines, "something_odd")
    assert {name: line[name] for name in ("operation", "kind", "team", "gateway", "request_id")} == {
        "operation": str(operation.pk),
        "kind": operation.kind,
        "team": str(operation.team_id),
        "gateway": operation.gateway_id,
        "request_id": "req-1",
    }
    assert structlog.contextvars.get_contextvars() == {}


def test_a_click_is_found_again_in_the_workers_lines(
    lines: pytest.LogCaptureFixture, team: Team, alice: User, gateway: Gateway, client_as: ClientAs
) -> None:
    wallet = WalletFactory.create(team=team, gateway=gateway)
    client_as(alice).post(f"/wallets/{wallet.pk}/refresh")
    finished, submitted = _line(lines, "request_finished"), _line(lines, "operation_submitted")
    operation = Operation.objects.get()
    assert submitted["request_id"] == finished["request_id"] == operation.request_id
    assert (finished["team"], submitted["operation"]) == (str(team.pk), str(operation.pk))
    runner.run_due(SYNC)
    attempted = _line(lines, "operation_attempted")
    assert (attempted["request_id"], attempted["gateway"]) == (finished["request_id"], gateway.pk)
