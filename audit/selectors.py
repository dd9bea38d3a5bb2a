"""Named reads of the audit record. Every read of a team's events goes through `events_of`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import words
from audit.models import Chain, Event, SignedHead

#: The actor filter's value for the panel itself, whose id is empty.
PANEL = "panel"
#: A head that has not been signed for this long is told on the page.
LATE_AFTER = timedelta(minutes=5)
CHUNK = 500


@dataclass(frozen=True)
class Narrowing:
    """What the record is narrowed to. An empty value filters nothing; `about` is an id that an event mentions."""

    text: str = ""
    actor: str = ""
    group: str = ""
    object_type: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return any(vars(self).values())


EVERYTHING = Narrowing()


def events_of(team_id: UUID, narrowing: Narrowing = EVERYTHING, within: Q | None = None) -> QuerySet[Event]:
    """Return a team's events that a narrowing leaves, newest first.

    `within` is what their reader reaches (teams.record.events_within); None is all of them.
    """
    events = Event.objects.filter(within or Q(), chain=str(team_id)).order_by("-seq")
    if narrowing.text:
        named = Q(actor_label__icontains=narrowing.text) | Q(object_label__icontains=narrowing.text)
        events = events.filter(named | Q(action__in=words.matching(narrowing.text)))
    if narrowing.actor:
        events = events.filter(actor_id="" if narrowing.actor == PANEL else narrowing.actor)
    if narrowing.group:
        events = events.filter(action__startswith=f"{narrowing.group}.")
    if narrowing.object_type:
        events = events.filter(object_type=narrowing.object_type)
    if narrowing.about:
        events = events.filter(mentions__key=narrowing.about)
    return _between(events, narrowing.since, narrowing.until)


def _between(events: QuerySet[Event], since: date | None, until: date | None) -> QuerySet[Event]:
    """Keep the events of these days, both included. Days begin at midnight UTC."""
    if since:
        events = events.filter(at__gte=_midnight(since))
    if until and until < date.max:
        events = events.filter(at__lt=_midnight(until + timedelta(days=1)))
    return events


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def actors_of(team_id: UUID, within: Q | None = None) -> list[tuple[str, str]]:
    """Return who stands in a team's record as (id, newest label), by label; the panel itself is (PANEL, its name)."""
    events = events_of(team_id, within=within).order_by("actor_id", "actor_label")
    found = events.values_list("actor_id", "actor_label")
    labels = {actor_id or PANEL: label for actor_id, label in found.distinct()}
    return sorted(labels.items(), key=lambda actor: actor[1].lower())


def did(team_id: UUID, person_id: UUID, action: str) -> dict[str, datetime]:
    """Return to what a person did an action, by its id, and when last."""
    events = Event.objects.filter(chain=str(team_id), actor_id=str(person_id), action=action)
    return dict(events.order_by("seq").values_list("object_id", "at"))


def has_been(team_id: UUID, person_id: UUID, actions: Collection[str]) -> bool:
    """Say whether one of these actions was done to a person in the team."""
    events = Event.objects.filter(chain=str(team_id), object_type="user", object_id=str(person_id))
    return events.filter(action__in=actions).exists()


def in_order(events: QuerySet[Event], up_to: int) -> Iterator[Event]:
    """Return events oldest first up to a number, read in pieces: a slow download holds no cursor open."""
    seq = 0
    while piece := list(events.filter(seq__gt=seq, seq__lte=up_to).order_by("seq")[:CHUNK]):
        yield from piece
        seq = piece[-1].seq


def signed_heads_of(team_id: UUID, up_to: int) -> QuerySet[SignedHead]:
    """Return the signed heads of a team's chain up to a number, oldest first."""
    return SignedHead.objects.filter(chain=str(team_id), seq__lte=up_to).order_by("seq")


@dataclass(frozen=True)
class Standing:
    """How far a chain is signed. `late`: what came after the newest head has waited for minutes."""

    seq: int
    signed: SignedHead | None
    late: bool

    @property
    def unsigned(self) -> int:
        """How many entries no signature covers yet."""
        return self.seq - (self.signed.seq if self.signed else 0)


def standing_of(team_id: UUID) -> Standing:
    """Return how far a team's chain is signed."""
    chain = Chain.objects.filter(key=str(team_id)).first()
    signed = SignedHead.objects.filter(chain=str(team_id)).order_by("-seq").first()
    seq = chain.seq if chain else 0
    waiting = Event.objects.filter(chain=str(team_id), seq=(signed.seq if signed else 0) + 1).first()
    late = waiting is not None and waiting.at < timezone.now() - LATE_AFTER
    return Standing(seq, signed, late)
