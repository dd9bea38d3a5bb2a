"""What the panel takes on its disk. A worker measures it now and then; pages show what it measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from core.registry import retentions
from operations.models import DiskUse

EVERY = timedelta(hours=1)


def measure_if_due() -> bool:
    """Measure unless somebody did within the hour; say whether."""
    if DiskUse.objects.filter(at__gt=timezone.now() - EVERY).exists():
        return False
    measure()
    return True


def measure() -> DiskUse:
    """Write down how much there is of everything now."""
    disk = shutil.disk_usage(settings.DATA_DIR)
    store = Path(settings.STORE_DIR)
    results = list(_sizes(store / "results"))
    everything = list(_sizes(store))
    due = {name: retention.due() for name, retention in retentions.items()}
    use, _made = DiskUse.objects.update_or_create(
        pk=1,
        defaults={
            "at": timezone.now(),
            "database_bytes": _database_bytes(),
            "reusable_bytes": _reusable_bytes(),
            "store_bytes": sum(everything) - sum(results),
            "store_files": len(everything) - len(results),
            "results_bytes": sum(results),
            "free_bytes": disk.free,
            "total_bytes": disk.total,
            "rows": _rows(),
            "due": {name: {"count": found.count, "size": found.size} for name, found in due.items()},
        },
    )
    return use


def last() -> DiskUse | None:
    """Return what was measured last."""
    return DiskUse.objects.first()


def _rows() -> dict[str, int]:
    """Return the number of rows of every table that has some, the largest first."""
    models = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    counts = {model._meta.db_table: model._base_manager.count() for model in models}
    return dict(sorted(((name, n) for name, n in counts.items() if n), key=lambda row: (-row[1], row[0])))


def _database_bytes() -> int:
    """Return the size of the database; embedded, of its files and those of the cache beside it."""
    if connection.vendor == "postgresql":
        return _asked("SELECT pg_database_size(current_database())")
    names = [str(each.settings_dict["NAME"]) for each in connections.all() if each.vendor == "sqlite"]
    files = [Path(name + suffix) for name in names for suffix in ("", "-wal", "-shm")]
    return sum(file.stat().st_size for file in files if file.is_file())


def _reusable_bytes() -> int:
    """Return what deleted rows left inside the embedded database's file: it is filled again before the file grows."""
    if connection.vendor != "sqlite":
        return 0
    return _asked("PRAGMA freelist_count") * _asked("PRAGMA page_size")


def _asked(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def _sizes(folder: Path) -> Iterator[int]:
    """Yield the size of every file below a folder; what goes away meanwhile does not count."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                yield os.stat(os.path.join(place, name)).st_size  # noqa: PTH116, PTH118 - half the time of Path
            except FileNotFoundError:
                continue
