"""What is measured for its own sake: a Celery task and an operation that do nothing but say that they were here.

A worker takes both with `--include benchmarks.nothing`.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings

from operations.registry import kind
from operations.work import Work
from teams.permissions import Action

KIND, TASK = "bench.nothing", "bench.nothing"
#: Every mark has as many bytes, so that the size of the file counts them.
WIDTH = 14


def marks() -> Path:
    """The file in which tasks leave a mark each: how long after sending they began."""
    return Path(settings.DATA_DIR) / "marks"


@functools.cache
def _file(process: int) -> int:
    return os.open(marks(), os.O_WRONLY | os.O_CREAT | os.O_APPEND)


@shared_task(name=TASK)
def task(sent: float) -> None:
    """Leave a mark."""
    os.write(_file(os.getpid()), f"{time.time() - sent:{WIDTH - 1}.6f}\n".encode())


@kind(KIND, "Nothing", action=Action.VIEW)
def handler(work: Work) -> Mapping[str, Any]:
    """Do nothing."""
    return {}
