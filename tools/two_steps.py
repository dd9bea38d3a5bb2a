"""Workers of the release before run on while a new one migrates: its migrations may take nothing from them.

    python -m tools.two_steps            say what in the migrations since the last release would break an older worker
    python -m tools.two_steps freeze     at a release: write down the migrations that it has

A column or table goes in two steps: one release stops using it, the next one removes it. `SECOND_STEPS` names the
migrations that are such a second step, with the release that stopped using it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from tools.layout import ROOT

FROZEN = ROOT / "tools" / "released_migrations.txt"
ROOMS = ("audit", "deploys", "jobs", "notifications", "operations", "projects", "teams", "wallets")
#: (app, migration): since which release nothing uses what it removes.
SECOND_STEPS: Mapping[tuple[str, str], str] = {}


def problems() -> list[str]:
    """Return what is wrong with the migrations since the last release, one sentence each."""
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    new = [each for each in sorted(migrations) if each[0] in ROOMS and f"{each[0]}/{each[1]}" not in frozen()]
    return [
        f"{app}/{name}: {problem}"
        for app, name in new
        if (app, name) not in SECOND_STEPS
        for problem in breaking(migrations[app, name].operations)
    ]


def frozen() -> frozenset[str]:
    """Return the migrations of the last release, as app/name."""
    return frozenset(FROZEN.read_text().split()) if FROZEN.exists() else frozenset()


def breaking(operations: Iterable[object]) -> Iterator[str]:
    """Yield what older code does not survive, or what cannot be taken back."""
    from django.db.migrations import operations as made

    created: set[str] = set()
    for operation in operations:
        if isinstance(operation, made.CreateModel):
            created.add(operation.name.lower())
        elif getattr(operation, "model_name", "").lower() in created:
            continue  # nobody used the table before
        elif problem := _problem(operation):
            yield problem


def _problem(operation: object) -> str:
    from django.db.migrations import operations as made

    if isinstance(operation, made.RemoveField | made.DeleteModel):
        return f"{_name(operation)} is removed while older workers read it; see “second step”."
    if isinstance(operation, made.RenameField | made.RenameModel | made.AlterModelTable):
        return f"{_name(operation)} is renamed while older workers use the old name: add, copy, remove."
    if isinstance(operation, made.AddField | made.AlterField) and _is_demanded(operation.field):
        return f"{_name(operation)} must not be empty, and older workers write rows without it: give it a db_default."
    if isinstance(operation, made.RunPython) and operation.reverse_code is None:
        return "RunPython has no reverse_code: the release could not be taken back."
    if isinstance(operation, made.RunSQL) and operation.reverse_sql is None:
        return "RunSQL has no reverse_sql: the release could not be taken back."
    return ""


def _is_demanded(field: object) -> bool:
    from django.db.models import ManyToManyField
    from django.db.models.fields import NOT_PROVIDED

    if isinstance(field, ManyToManyField) or getattr(field, "null", False):
        return False
    return getattr(field, "db_default", NOT_PROVIDED) is NOT_PROVIDED


def _name(operation: object) -> str:
    """Return table and column as a migration names them."""
    own = getattr(operation, "old_name", "") or getattr(operation, "name", "")
    return ".".join(part for part in (getattr(operation, "model_name", ""), own) if part)


def freeze() -> None:
    """Write down the migrations there are."""
    from django.db.migrations.loader import MigrationLoader

    there = sorted(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    FROZEN.write_text("".join(f"{app}/{name}\n" for app, name in there if app in ROOMS))


def main() -> int:
    """Run the command of the module's docstring."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "run402_panel.settings")
    os.environ.setdefault("PANEL_ENV", "test")
    importlib.import_module("django").setup()
    if sys.argv[1:] == ["freeze"]:
        freeze()
        return 0
    found = problems()
    print("\n".join(found) or "ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
