"""Migrations that an older worker would not survive are refused, until their time has come."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import migrations, models

from tools import two_steps

TEXT = models.CharField(max_length=9)


def test_no_migration_since_the_last_release_breaks_an_older_worker() -> None:
    assert two_steps.problems() == []


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.RemoveField("operation", "worker"), "operation.worker is removed"),
        (migrations.DeleteModel("Operation"), "Operation is removed"),
        (migrations.RenameField("operation", "worker", "host"), "operation.worker is renamed"),
        (migrations.RenameModel("Operation", "Job"), "Operation is renamed"),
        (migrations.AlterModelTable("operation", "jobs"), "operation is renamed"),
        (migrations.AddField("operation", "host", TEXT), "operation.host must not be empty"),
        (
            migrations.AddField("operation", "host", models.CharField(max_length=9, default="")),
            "operation.host must not be empty",
        ),
        (migrations.AlterField("operation", "worker", TEXT), "operation.worker must not be empty"),
        (migrations.RunPython(migrations.RunPython.noop), "RunPython has no reverse_code"),
        (migrations.RunSQL("SELECT 1"), "RunSQL has no reverse_sql"),
    ],
)
def test_what_an_older_worker_does_not_survive_is_named(operation: Any, words: str) -> None:
    (problem,) = two_steps.breaking([operation])
    assert problem.startswith(words)


def test_what_only_adds_is_let_through() -> None:
    adding = [
        migrations.CreateModel("Halt", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("halt", "by", TEXT),
        migrations.AddField("operation", "host", models.CharField(max_length=9, null=True)),
        migrations.AddField("operation", "halted", models.BooleanField(db_default=False)),
        migrations.AddIndex("operation", models.Index(fields=["worker"], name="by_worker")),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
    ]
    assert list(two_steps.breaking(adding)) == []


def test_a_second_step_is_let_through_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_steps, "frozen", frozenset)  # as if nothing had been released
    (app, name), others = _place(two_steps.problems()[0]), len(two_steps.problems())
    monkeypatch.setattr(two_steps, "SECOND_STEPS", {(app, name): "0.1"})
    left = two_steps.problems()
    assert len(left) < others
    assert [problem for problem in left if _place(problem) == (app, name)] == []


def _place(problem: str) -> tuple[str, str]:
    app, _, rest = problem.partition("/")
    return app, rest.partition(":")[0]
