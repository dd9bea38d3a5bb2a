"""Looking what became of a change whose answer was lost, before anything is repeated.

A kind registers `reconcile`: it reads, changes nothing, and returns an Outcome. It may raise Later to look again at a
time of its own. What it finds decides how the operation goes on.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Found(enum.StrEnum):
    """What a reading shows."""

    HAPPENED = "happened"
    RESUMES = "resumes"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What `reconcile` found. `why` is a sentence for the page, `result` what a success leaves."""

    found: Found
    why: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False


def happened(result: Mapping[str, Any] | None = None, why: str = "") -> Outcome:
    """All of it happened: the operation has succeeded with this result."""
    return Outcome(Found.HAPPENED, why, dict(result or {}))


def resumes(why: str = "") -> Outcome:
    """The handler can go on from what the reading showed; its checkpoints keep it from doing a step again."""
    return Outcome(Found.RESUMES, why)


def did_not_happen(why: str = "") -> Outcome:
    """Nothing of it happened: it is repeated if its error allows that, and otherwise it has failed without a trace."""
    return Outcome(Found.NOTHING, why)


def still_unknown(why: str = "", *, final: bool = False) -> Outcome:
    """The reading does not tell. `final`: looking again will not tell more, a person has to."""
    return Outcome(Found.UNKNOWN, why, final=final)
