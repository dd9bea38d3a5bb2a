"""Statements that are built once find, change and insert what Django's own would."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db.models import CharField, F, UUIDField

from core.prepared import Insert, Param, Prepared
from operations.models import Operation, OperationEvent, State
from tests.factories import OperationFactory

pytestmark = pytest.mark.django_db

BY_ID = Prepared(lambda: Operation.objects.filter(pk=Param("pk", UUIDField())))
WHOLE = Prepared(
    lambda: Operation.objects.filter(pk=Param("pk", UUIDField())).select_related("team", "wallet__gateway")
)
TITLES = Prepared(
    lambda: (
        Operation.objects.filter(state=State.QUEUED, gateway=Param("gateway", CharField()))
        .order_by("title")
        .values_list("title", "args", "created_at")
    )
)


def test_a_row_comes_as_django_reads_it_with_what_is_read_along() -> None:
    operation: Operation = OperationFactory.create(args={"deep": [1, None]})
    found = WHOLE.first(pk=operation.pk)
    fields = [field.attname for field in Operation._meta.concrete_fields]
    read = Operation.objects.get(pk=operation.pk)
    assert [getattr(found, name) for name in fields] == [getattr(read, name) for name in fields]
    assert Operation.team.is_cached(found)
    assert (found.team, found.wallet) == (operation.team, operation.wallet)
    assert WHOLE.first(pk=uuid4()) is None


def test_values_are_those_of_each_call_and_none_finds_nothing() -> None:
    operations = [OperationFactory.create(title=title, args={"title": title}) for title in "ba"]
    gateway = operations[0].gateway_id
    expected = [(each.title, each.args, each.created_at) for each in reversed(operations)]
    assert TITLES.all(gateway=gateway) == expected
    assert (TITLES.all(gateway="elsewhere"), TITLES.all(gateway=None)) == ([], [])


def test_an_update_says_how_many_it_changed_and_what_is_there_then() -> None:
    operation: Operation = OperationFactory.create()
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    fields = {"fence": F("fence") + 1, "lease_until": at, "checkpoints": {"plan": "plan_1"}, "wallet": None}
    count, row = BY_ID.update(
        fields, ("fence", "lease_until", "checkpoints", "wallet", "id"), pk=operation.pk
    )
    assert (count, row) == (
        1,
        {
            "fence": 1,
            "lease_until": at,
            "checkpoints": {"plan": "plan_1"},
            "wallet": None,
            "id": operation.pk,
        },
    )
    assert BY_ID.update({"fence": 7}, ("fence",), pk=uuid4()) == (0, None)
    assert BY_ID.update({"fence": 7}, pk=operation.pk) == (1, None)
    operation.refresh_from_db()
    assert (operation.fence, operation.checkpoints) == (7, {"plan": "plan_1"})


def test_an_inserted_row_is_whole_and_has_its_key() -> None:
    operation: Operation = OperationFactory.create()
    insert = Insert(OperationEvent)
    rows = [
        insert(OperationEvent(operation=operation, seq=seq, type="log", message="Hello", data={"seq": seq}))
        for seq in (1, 2)
    ]
    assert list(OperationEvent.objects.order_by("seq")) == rows
    assert [(row.data, row.operation_id) for row in OperationEvent.objects.order_by("seq")] == [
        ({"seq": seq}, operation.pk) for seq in (1, 2)
    ]
