"""Kinds of operation for tests. They write what they do into a file: effects of several processes can be counted."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from operations.registry import DEPLOYS, INTERACTIVE, SYNC, kind
from operations.work import Later, Work
from teams.permissions import Action


def note(work: Work, word: str) -> None:
    """Append one effect: operation, word, process, time. Appends of one line are atomic."""
    line = f"{work.operation.pk} {word} {os.getpid()} {time.time():.4f}\n"
    with Path(work.args["journal"]).open("a", encoding="utf-8") as file:
        file.write(line)


def effects(journal: Path) -> list[list[str]]:
    """Return the effects so far as [operation, word, process, time]."""
    return [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []


def _hold(work: Work) -> Mapping[str, Any]:
    """Hold the lane for a while, or until a file is there."""
    note(work, "begin")
    time.sleep(work.args.get("seconds", 0))
    while "until" in work.args and not Path(work.args["until"]).exists():
        time.sleep(0.02)
    note(work, "end")
    return {}


def _steps(work: Work) -> Mapping[str, Any]:
    """Do each of some steps once, whatever happens between them."""
    for step in range(work.args["steps"]):
        if f"step{step}" not in work.checkpoints:
            work.stop_if_cancelled()
            note(work, f"step{step}")
            work.checkpoint(**{f"step{step}": True})
            time.sleep(work.args.get("seconds", 0))
    return {"steps": work.args["steps"]}


def _ticks(work: Work) -> Mapping[str, Any]:
    """Look again and again, in short runs."""
    looked = work.checkpoints.get("looked", 0) + 1
    note(work, f"look{looked}")
    work.checkpoint(looked=looked)
    if looked < work.args["looks"]:
        raise Later(work.args.get("pause", 0.1))
    return {"looked": looked}


def _stuck(work: Work) -> None:
    """Never come back: asleep, busy, or busy in C code that keeps the interpreter."""
    note(work, "stuck")
    while True:
        if work.args["how"] == "sleeps":
            time.sleep(3600)
        if work.args["how"] == "holds":
            ctypes.PyDLL(None).sleep(3600)


def _exits(work: Work) -> None:
    """End the process, politely."""
    note(work, "exits")
    sys.exit(3)


def register() -> None:
    """Add the kinds; called once in each process."""
    for queue in (INTERACTIVE, DEPLOYS, SYNC):
        kind(f"test.hold.{queue}", "Hold", action=Action.VIEW, queue=queue)(_hold)
    kind("test.steps", "Steps", action=Action.DEPLOY)(_steps)
    kind("test.exits", "Exits", action=Action.DEPLOY)(_exits)
    kind("test.stuck", "Stuck", action=Action.DEPLOY, time_limit=timedelta(seconds=0.5))(_stuck)
    kind("test.ticks", "Ticks", action=Action.VIEW)(_ticks)


register()
