"""How often which click is chosen, what clicks share, and the kinds that have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet

from jobs.models import Job
from operations.models import Operation
from projects.models import Project
from tests.chaos.cast import Person
from wallets.models import Wallet

#: Kinds that no click asks for, and why.
LEFT_OUT = {
    "wallet.import": "an imported wallet signs nothing for a sandbox, and there is no other gateway here",
    "wallet.rail": "nothing is paid by MPP at the sandbox, so there is no other rail to switch to",
    "wallet.outside": "nobody asks for it: the beat looks once an hour for what was paid elsewhere",
    "checkout.follow": "nobody asks for it: the page of a payment by card and the beat look",
    "wallet.catch_up": "only a restored instance reads what its wallets spent",
    "wallet.unfreeze_due": "nobody asks for it: it falls due an hour after one person's word, longer than a run",
    "payee.confirm": "the sandbox asks for one address only, and nobody confirms what was not asked for",
    "job.follow": "nobody asks for it: a job that was submitted is followed by itself",
    "payment.decide": "only what the chain told nothing of for a day is decided, and a run is shorter",
}

PRICE = 100_000
FUNDS = 400_000
JOB_CAP = 20_000
#: What a new wallet may spend a day: some reach their limit soon.
PER_DAY = (250_000, 600_000, 2_000_000)
#: How the names of projects begin that were made past the panel.
ELSEWHERE = "cli-"
SECRET_NAMES = ("API_KEY", "GREETING", "SMTP_URL")
MOST_WALLETS, MOST_PROJECTS, MOST_PASSKEYS = 5, 12, 3
#: With fewer than these nobody deletes one: the others need something to work on.
LEAST_PROJECTS = 4
T = TypeVar("T")


class NothingToDo(Exception):
    """This person finds nothing to click for that now."""


Act = Callable[[Person], Operation | None]


@dataclass(frozen=True)
class Click:
    """`weight`: how often it is chosen. `twice`: pressed twice at once it must be one wish."""

    kind: str
    act: Act
    weight: int
    twice: bool


CLICKS: dict[str, Click] = {}


def click(kind: str, weight: int, *, twice: bool = False) -> Callable[[Act], Act]:
    """Register the decorated function as the click for a kind."""

    def add(act: Act) -> Act:
        CLICKS[kind] = Click(kind, act, weight, twice)
        return act

    return add


def jobs_of(person: Person) -> QuerySet[Job]:
    found = Job.objects.filter(team=person.team)
    return found.select_related("project__gateway", "team", "wallet", "operation")


def wallets_of(person: Person) -> QuerySet[Wallet]:
    found = Wallet.objects.filter(team=person.team, state=Wallet.State.READY)
    return found.select_related("policy", "gateway", "team")


def projects_of(person: Person) -> QuerySet[Project]:
    return Project.objects.filter(team=person.team).select_related("wallet__gateway", "gateway", "team")


def ready_of(person: Person) -> QuerySet[Project]:
    return projects_of(person).filter(state=Project.State.READY)


def one_of(person: Person, found: Iterable[T]) -> T:
    """Return one of them by the person's dice; raise NothingToDo when there is none."""
    rows = list(found)
    if not rows:
        raise NothingToDo
    return person.dice.choice(rows)
