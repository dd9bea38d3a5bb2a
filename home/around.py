"""What the frame around every page reads: one query, and for most members one that was built before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    Exists,
    IntegerField,
    QuerySet,
    Subquery,
    UUIDField,
)
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from core.counting import Counted
from core.prepared import Param, Prepared
from notifications.selectors import unread_within
from operations import selectors as operation_selectors
from operations.models import State
from teams.models import Membership
from teams.reach import Reach
from wallets import halts
from wallets.models import Gateway, Halt
from wallets.selectors import ready_wallets


@dataclass(frozen=True)
class Payer:
    """The wallet beside the search field. `micros` None: not read yet."""

    pk: UUID
    label: str
    micros: int | None


@dataclass(frozen=True)
class Around:
    """What is true around every page of a member. Deploys are counted as far as people read (`core.counting`)."""

    silent: bool
    unread: int
    halt: Halt | None
    deploys_waiting: int
    deploys_under_way: int
    payer: Payer | None


def read(membership: Membership, gateway: Gateway) -> Around:
    """Return whether no worker is alive, what waits to be read, what is stopped, what is under way and what pays."""
    facts: dict[str, Any] = {
        "member": membership.pk,
        "person": membership.user_id,
        "gateway": gateway.pk,
        "since": timezone.now() - operation_selectors.SILENT_AFTER,
    }
    reach = membership.reach
    row = (
        _WHOLE.first(**facts, team=reach.team_id)
        if reach.is_whole
        else _rows(**facts, team=reach.team_id, reach=reach).first()
    )
    if row is None:  # whoever asks was taken out of the team a moment ago
        return Around(False, 0, None, 0, 0, None)
    alive, unread, halt, waiting, running, queued, payer = row
    return Around(
        silent=not alive,
        unread=unread,
        halt=halts.from_told(halt) if halt else None,
        deploys_waiting=waiting,
        deploys_under_way=running + queued,
        payer=Payer(UUID(payer["pk"]), payer["label"], payer["micros"]) if payer else None,
    )


def _rows(
    *,
    member: int | Param,
    person: UUID | Param,
    team: UUID | Param,
    gateway: str | Param,
    since: datetime | Param,
    reach: Reach,
) -> QuerySet[Membership, Any]:
    """Return the query: one row about one member. The values are ids, or stand for those of a prepared statement."""
    unread = unread_within(person, reach).order_by().values("person").annotate(n=Count("pk"))
    deploys = operation_selectors.deploys_of(reach)
    wallets = ready_wallets(reach, gateway).order_by("created_at")
    told = JSONObject(pk="pk", label="label", micros="balance_micros")
    return Membership.objects.filter(pk=member).values_list(
        Exists(operation_selectors.alive_workers(since)),
        Coalesce(Subquery(unread.values("n")), 0),
        Subquery(halts.touching(team, gateway).values_list(JSONObject(**halts.TOLD))[:1]),
        *(Counted(deploys.filter(state=state)) for state in (State.WAITING, State.RUNNING, State.QUEUED)),
        Subquery(wallets.values_list(told)[:1]),
    )


def _for_everybody() -> QuerySet[Membership, Any]:
    """Return the query for a member who reaches all of the team, whoever that is."""
    team = Param("team", UUIDField())
    return _rows(
        member=Param("member", IntegerField()),
        person=Param("person", UUIDField()),
        team=team,
        gateway=Param("gateway", CharField()),
        since=Param("since", DateTimeField()),
        reach=Reach(team),
    )


_WHOLE = Prepared(_for_everybody)
