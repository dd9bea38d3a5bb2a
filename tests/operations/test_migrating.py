"""A table changes while workers of the release before run on, and what they have in hand is finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from operations.models import Operation, State
from tests.operations import doubles, processes
from tests.operations.conftest import Submit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ADDS = [
    migrations.AddField("operation", "probe", models.CharField(max_length=9, db_default="new")),
    migrations.AddIndex("operation", models.Index(fields=["probe"], name="operation_probe")),
]


@contextmanager
def _migrated() -> Iterator[None]:
    """Apply the migration of a newer release, which these processes know nothing of; take it back in the end."""
    states = [MigrationLoader(connection).project_state()]
    for operation in ADDS:
        states.append(states[-1].clone())
        operation.state_forwards("operations", states[-1])
    for number, operation in enumerate(ADDS):
        with connection.schema_editor() as editor:
            operation.database_forwards("operations", editor, states[number], states[number + 1])
    try:
        yield
    finally:
        for number, operation in reversed(list(enumerate(ADDS))):
            with connection.schema_editor() as editor:
                operation.database_backwards("operations", editor, states[number + 1], states[number])


def test_an_older_worker_finishes_what_it_has_while_a_column_is_added(
    submit: Submit, journal: Path, data: Path
) -> None:
    args = {"journal": str(journal), "steps": 20, "seconds": 0.1}
    begun = submit("test.steps", args=args)
    with processes.worker(data, "--beat", "--schedule", str(data / "beat")):
        processes.eventually(lambda: len(doubles.effects(journal)) >= 3, "it has begun")
        with _migrated():
            assert _column_is_there()
            later = submit(
                "test.steps", args={**args, "steps": 2}
            )  # older code writes rows without the column
            pks = [begun.pk, later.pk]
            processes.eventually(
                lambda: Operation.objects.filter(pk__in=pks, state=State.SUCCEEDED).count() == 2,
                "both are done",
            )
            with connection.cursor() as cursor:
                cursor.execute("SELECT DISTINCT probe FROM operations_operation")
                assert cursor.fetchall() == [("new",)]
    words = [word for pk, word, *_ in doubles.effects(journal) if pk == str(begun.pk)]
    assert words == [f"step{number}" for number in range(20)]
    assert set(Operation.objects.values_list("attempts", flat=True)) == {1}


def _column_is_there() -> bool:
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "operations_operation")
    return "probe" in [column.name for column in columns]
