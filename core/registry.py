"""Registries through which a room offers something to rooms above or beside it, without being imported by them.

A room fills them in its `apps.py`. Keys are unique; a second entry under a key is a programming error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

T = TypeVar("T")


class Registry(Generic[T]):
    """An ordered mapping of key to entry."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._entries: dict[str, T] = {}

    def add(self, key: str, entry: T) -> T:
        """Register `entry`; raise LookupError when the key is taken."""
        if key in self._entries:
            raise LookupError(f"There is already a {self._what} called {key!r}.")
        self._entries[key] = entry
        return entry

    def get(self, key: str) -> T:
        """Return the entry, or raise LookupError with its kind in the sentence."""
        try:
            return self._entries[key]
        except KeyError:
            raise LookupError(f"There is no {self._what} called {key!r}.") from None

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def items(self) -> Iterator[tuple[str, T]]:
        """Return keys with their entries in the order in which they were added."""
        return iter(self._entries.items())

    def keys(self) -> Iterator[str]:
        """Return the keys in the order in which they were added."""
        return iter(self._entries)


@dataclass(frozen=True)
class Panel:
    """A fragment of one room for a page of another, loaded by its own request.

    `url_name` is reversed with the page object's pk. `slot` names the place, such as `project.main`. `title` is what it
    is called where a browser without a script has to ask for it.
    """

    slot: str
    url_name: str
    title: str | Promise
    order: int = 100


@dataclass(frozen=True)
class Placed:
    """A panel on the page of one object."""

    url: str
    title: str | Promise


@dataclass(frozen=True)
class Hit:
    """One search result."""

    label: str
    sub: str
    url: str
    icon: str


@dataclass(frozen=True)
class LeaverItem:
    """One thing that a leaving person can still do, or knows.

    `url` takes a POST that ends it, labelled `button`; both are empty for what the viewer may not end. `kept` says that
    nobody can take it back, such as a key that the person also holds elsewhere.
    """

    title: str
    detail: str
    icon: str
    button: str = ""
    url: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Due:
    """What a sweep would take away now: how many rows or files, and their bytes where each has a size of its own."""

    count: int
    size: int = 0


@dataclass(frozen=True)
class Retention:
    """What a room keeps for a while only. `sweep` takes one small batch away and returns how many that were; 0 ends it.

    `due` counts what there is to take; a worker asks for it now and then, never a page.
    """

    label: str | Promise
    sweep: Callable[[], int]
    due: Callable[[], Due]


@dataclass(frozen=True)
class Belonging:
    """Something that a project has and that goes when it is deleted: what, how many, and names of some."""

    icon: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Restored:
    """An instance came out of a backup: what happened between the two moments is not in its database."""

    made_at: datetime
    at: datetime


@dataclass(frozen=True)
class SecretNeed:
    """Something of a project that requires secrets by name.

    `label` tells what, such as “Live release”, and `url` leads there; empty where there is nothing to open. `live`:
    what serves now, else something that is planned. `unsure` says in a sentence why it may require more than is known.
    """

    label: str
    names: tuple[str, ...]
    url: str = ""
    live: bool = False
    unsure: str = ""


#: (membership of who looks, person) to what the person can still do in that team. Rooms know both by type.
LeaverSource = Callable[[Any, Any], list[LeaverItem]]
#: user to what a room holds about the person, as JSON; for the export of one's own data.
PersonalData = Callable[[Any], Any]
#: Takes away what a room holds about a person who asked for that; the audit record keeps the id.
Eraser = Callable[[Any], None]
#: team to the things that a membership can be limited to, as (id, label) in the order to show them.
ScopeChoices = Callable[[Any], list[tuple[UUID, str]]]
#: membership to what single wallets say about the member (`teams.reach.Shares`).
WalletShares = Callable[[Any], Any]
#: (projects, membership of who looks) to what requires secrets, by id of the project. Rooms know both by type.
SecretNeeds = Callable[[Any, Any], Mapping[UUID, list[SecretNeed]]]
#: project to what a room mirrors of it that goes when it is deleted. Rooms know it by type.
BelongingSource = Callable[[Any], list[Belonging]]
#: Ends what a room keeps of a project, in the transaction in which its row becomes a deleted one.
ProjectEnding = Callable[[Any], None]
SearchSource = Callable[[HttpRequest, str], list[Hit]]
HealthCheck = Callable[[], tuple[bool, str]]
#: Given an operation that has ended or waits, in the transaction that writes so: it may write rows and nothing else.
OutcomeListener = Callable[[Any], None]
#: (gateway, most) to how many readings, `most` at most, a room has put in line to keep its mirror fresh.
Planner = Callable[[Any, int], int]
#: Ids of operations to those of them that a row of the room names: these stay, without steps and requests.
OperationKeeper = Callable[[Collection[UUID]], set[UUID]]
#: Ids of operations that have ended and whose reserved money stays reserved, as a subquery: something of them runs on.
ReservationKeeper = Callable[[], Any]
#: Writes, in the transaction that restores a backup, what of a room must not simply go on.
AfterRestore = Callable[[Restored], None]
#: Given a halt (`wallets.halts`), what has to be done before it may be lifted, as sentences; none when it may.
LiftCheck = Callable[[Any], list[str]]

panels: Registry[Panel] = Registry("panel")
leaver_sources: Registry[LeaverSource] = Registry("source of leaver's items")
personal_data: Registry[PersonalData] = Registry("source of personal data")
erasers: Registry[Eraser] = Registry("eraser of personal data")
scope_choices: Registry[ScopeChoices] = Registry("source of scopes")
wallet_shares: Registry[WalletShares] = Registry("source of wallet shares")
secret_needs: Registry[SecretNeeds] = Registry("source of what requires secrets")
belongings: Registry[BelongingSource] = Registry("source of what belongs to a project")
project_endings: Registry[ProjectEnding] = Registry("end of what belongs to a project")
search_sources: Registry[SearchSource] = Registry("search source")
health_checks: Registry[HealthCheck] = Registry("health check")
outcome_listeners: Registry[OutcomeListener] = Registry("outcome listener")
planners: Registry[Planner] = Registry("planner of background readings")
retentions: Registry[Retention] = Registry("retention")
operation_keepers: Registry[OperationKeeper] = Registry("keeper of operations")
reservation_keepers: Registry[ReservationKeeper] = Registry("keeper of reservations")
#: Of what is read while all is stopped, too: it asks no gateway.
truth_planners: Registry[Planner] = Registry("planner of readings that go on while stopped")
after_restore: Registry[AfterRestore] = Registry("step after a restore")
lift_checks: Registry[LiftCheck] = Registry("check before a halt is lifted")


def panels_in(slot: str) -> list[Panel]:
    """Return the panels of one slot, in order."""
    return sorted((panel for panel in panels if panel.slot == slot), key=lambda panel: panel.order)


def placed(slot: str, pk: object) -> tuple[Placed, ...]:
    """Return the panels of one slot for the object with this key, in order."""
    return tuple(Placed(reverse(panel.url_name, args=[pk]), panel.title) for panel in panels_in(slot))
