"""Processes that spend until nothing is due, and kill themselves between two steps when their plan says so."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import time_machine
from django.db import OperationalError, connections

from operations import runner
from operations.registry import INTERACTIVE
from run402 import buying
from run402.wire import Wire
from run402.x402 import payment
from wallets import closing, spending

#: Where a process dies: before the first step, and after each one.
STEPS = ("asked", "reserved", "signed", "stored", "sent", "settling", "settled")


#: So many tasks has a process at most: each runs all that is due.
MOST_TASKS = 100


@dataclass(frozen=True)
class Plan:
    """Die the `at`-th time that `step` is over; without a step, live. The clock is `ahead` of real time, in seconds."""

    step: str = ""
    at: int = 1
    ahead: float = 0.0


class Process:
    """A forked process: everything is imported in it already."""

    def __init__(self, plan: Plan, log: Path) -> None:
        connections.close_all()
        self.pid = os.fork()
        if not self.pid:
            _live(plan, log)

    def wait(self) -> bool:
        """Return whether it died by its plan. Raises RuntimeError when it ended in a way that no plan has."""
        _pid, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return True
        if os.waitstatus_to_exitcode(status) != 0:
            raise RuntimeError(f"a spending process ended with {os.waitstatus_to_exitcode(status)}")
        return False


def _live(plan: Plan, log: Path) -> NoReturn:
    """Spend until nothing is due, then leave without the parent's clean-up."""
    code = 1
    try:
        _arrange(_Steps(plan), log)
        with time_machine.travel(time.time() + plan.ahead, tick=True):
            _spend_all()
        connections.close_all()
        code = 0
    finally:
        if code:
            traceback.print_exc()  # leaving by `os._exit` says nothing
        os._exit(code)


def _spend_all() -> None:
    """Run what is due. A database that does not answer in time costs a worker its task; a sweep brings the next one."""
    for _ in range(MOST_TASKS):
        try:
            if not runner.run_due(INTERACTIVE):
                return
        except OperationalError:
            connections.close_all()
            time.sleep(0.2)


class _Steps:
    """Counts the steps that are over and dies at the planned one."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.seen = plan, 0

    def over(self, step: str) -> None:
        if step != self.plan.step:
            return
        self.seen += 1
        if self.seen >= self.plan.at:
            os.kill(os.getpid(), signal.SIGKILL)


def _arrange(steps: _Steps, log: Path) -> None:
    """Put the plan's steps around those of the gate and the client, and note every payment that leaves."""
    spending.reserve = _around(spending.reserve, steps, "asked", "reserved")
    setattr(buying, "sign", _around(payment.sign, steps, "", "signed"))  # noqa: B010 - a name that it imported
    spending._store_signed = _around(spending._store_signed, steps, "", "stored")
    closing.settle = _around(closing.settle, steps, "settling", "settled")
    Wire.send = _sending(Wire.send, steps, log)  # type: ignore[method-assign]


def _around(do: Callable[..., Any], steps: _Steps, before: str, after: str) -> Any:
    def done(*args: Any, **kwargs: Any) -> Any:
        steps.over(before or "-")
        found = do(*args, **kwargs)
        steps.over(after)
        return found

    return done


def _sending(send: Callable[..., Any], steps: _Steps, log: Path) -> Any:
    def sent(wire: Wire, call: Any) -> Any:
        header = call.headers.get(payment.HEADER)
        if header is None:
            return send(wire, call)
        with log.open("a") as lines:
            lines.write(f"{call.idempotency_key} {header}\n")
        answer = send(wire, call)
        steps.over("sent")
        return answer

    return sent
