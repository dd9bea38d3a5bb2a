"""A run from its first click to the verdict. Needs Django."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from django.db import connections

from operations.models import Operation, WorkerPulse
from tests.chaos import people, secrecy, settling
from tests.chaos.books import Books
from tests.chaos.cast import Outside, assemble
from tests.chaos.deciding import Deciders
from tests.chaos.ground import SANDBOX, Ground, eventually
from tests.chaos.troubles import Troubles
from tests.chaos.verdict import LOST, OTHER, OVERSPENT, REPEATED, Finding, verdict

START_SECONDS = 60.0


@dataclass(frozen=True)
class Result:
    """What came of a run: `line` is what `make chaos` prints, `more` what else it counted."""

    findings: list[Finding]
    line: str
    more: str


class Play:
    """One run. Dice of its own for everybody, so that a seed gives the same people the same inclinations."""

    def __init__(self, ground: Ground, dice: random.Random, *, short: bool) -> None:
        self.ground, self.short = ground, short
        outside = Outside(ground.layout.sandbox_port, ground.layout.data / "sandbox")
        self.cast = assemble(ground.layout.keys, outside, dice)
        self.troubles = Troubles(ground, self.cast, random.Random(dice.random()), short=short)
        self.deciders = Deciders(self.cast, random.Random(dice.random()))

    def run(self, operations: int, seconds: float) -> Result:
        """Start, click amid trouble, settle, compare."""
        self.ground.start()
        if not eventually(WorkerPulse.objects.filter(unlocks=True).exists, START_SECONDS):
            raise RuntimeError(f"no worker came up:\n{self.ground.log_tail('one')}")
        self.deciders.start()
        self.troubles.start()
        clicked = time.monotonic()
        people.click_until(self.cast, operations, seconds, short=self.short)
        clicked, asked = time.monotonic() - clicked, len(self.cast.asked.operations)
        self.troubles.end()
        connections.close_all()
        settled = time.monotonic()
        with self._hurrying():
            rested = settling.settle(self.cast, self.deciders)
        settled = time.monotonic() - settled
        if asked < operations:
            self.cast.asked.broken.append(f"people asked for {asked} of {operations} in the time they had")
        return self._result(rested, f"clicked for {clicked:.0f} s, settled in {settled:.0f} s")

    def _hurrying(self) -> Hurry:
        return Hurry(self.ground, on=self.short)

    def _result(self, rested: bool, times: str) -> Result:
        books = Books.read(self.ground.layout.data / SANDBOX)
        findings = [] if rested else [Finding(OTHER, "it did not come to rest")]
        findings += [Finding(OTHER, broken) for broken in self.cast.asked.broken]
        findings += verdict(books, self.cast.asked.operations)
        findings += secrecy.findings(self.ground, books)
        counts = Counter(finding.what for finding in findings)
        line = (
            f"chaos: {len(self.cast.asked.operations)} operations, {self.ground.kills} kills,"
            f" {counts[LOST]} lost, {counts[REPEATED]} repeated, {counts[OVERSPENT]} overspent"
        )
        if counts[OTHER]:
            line += f", {counts[OTHER]} otherwise wrong"
        return Result(findings, line, f"{times}; {self._figures(books)}")

    def _figures(self, books: Books) -> str:
        ends = Counter(Operation.objects.values_list("state", flat=True))
        kinds = Counter(Operation.objects.values_list("kind", flat=True))
        asked = self.cast.asked
        return (
            f"{sum(ends.values())} rows {dict(ends)} of {len(kinds)} kinds {dict(kinds)},"
            f" {asked.refused} clicks refused, {asked.unanswered} unanswered; {len(books.paid)} payments,"
            f" {len(books.projects)} projects, {len(books.releases)} releases; troubles {dict(self.troubles.made)}"
        )


class Hurry:
    """Lets the leases of the dead run out at once, where a run is too short to wait for that."""

    def __init__(self, ground: Ground, *, on: bool) -> None:
        self._ground, self._on = ground, on
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._over.wait(0.5):
            settling.let_leases_out(self._ground)
        connections.close_all()

    def __enter__(self) -> None:
        if self._on:
            self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._over.set()
