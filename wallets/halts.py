"""Stopping everything, a team or a gateway: nothing of it is taken from the line, sent or signed until that is lifted.

    stop(actor=..., why=..., team=team)  ──▶ Halt ──▶ lift(halt, actor=...)

    active_for(team_id, gateway_id)        the halt that concerns them, the widest first
    refuse_if_halted(team_id, gateway_id)  raises Halted; asked at claim, between two steps, ahead of each request,
                                           before money is reserved, and before a signature is kept

Whoever may is asked above (`operations.halting`).
"""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, Q, QuerySet, UUIDField, Value, When
from django.utils import dateformat, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import NextStep, Refusal
from core.prepared import Param, Prepared
from core.registry import lift_checks
from teams.models import Team
from wallets.models import Gateway, Halt

#: The page that shows what is stopped, to every member.
PAGE = "/stops"
LONGEST_WHY = 200


class Halted(Refusal):
    """It is stopped. Nothing is lost: an operation goes on when the halt is lifted."""

    def __init__(self, halt: Halt) -> None:
        self.halt = halt
        super().__init__(
            "HALTED",
            said(halt),
            hint=_("It waits in line and goes on by itself when that is lifted."),
            next_steps=[NextStep("look_at_halt", _("See what is stopped"), PAGE)],
        )


def stop(
    *,
    actor: Actor,
    why: str,
    team: Team | None = None,
    gateway: Gateway | None = None,
    cause: Halt.Cause = Halt.Cause.PERSON,
) -> Halt:
    """Stop a team, a gateway, or everything when neither is given. Raises Refusal when it is stopped already."""
    reason = why.strip()[:LONGEST_WHY]
    if not reason:
        raise Refusal("HALT_WITHOUT_REASON", _("Say why, for those who find it stopped."), field="why")
    halt = Halt(
        scope=_scope(team, gateway),
        team=team,
        gateway=gateway,
        why=reason,
        cause=cause,
        by_id=actor.id,
        by_label=actor.label[:200],
    )
    try:
        with transaction.atomic():
            halt.save(force_insert=True)
            _record("halt.made", halt, actor)
    except IntegrityError:
        raise Refusal("HALTED_ALREADY", _("This is stopped already.")) from None
    return halt


def lift(halt: Halt, *, actor: Actor) -> None:
    """Let it go on. Raises Refusal when it was lifted already, or with what `lift_checks` say has to be done first."""
    if reasons := forbidding(halt):
        raise Refusal("HALT_STAYS", " ".join(reasons))
    with transaction.atomic():
        active = Halt.objects.filter(pk=halt.pk, lifted_at=None)
        if not active.update(lifted_at=timezone.now(), lifted_by_label=actor.label[:200]):
            raise Refusal("HALT_LIFTED", _("This was lifted already."))
        _record("halt.lifted", halt, actor)
    halt.refresh_from_db()


def forbidding(halt: Halt) -> list[str]:
    """Return what has to be done before the halt may be lifted, as sentences; nothing when it may."""
    return [sentence for check in lift_checks for sentence in check(halt)]


def active() -> QuerySet[Halt]:
    """Return what is stopped now, the widest first."""
    width = Case(
        When(scope=Halt.Scope.EVERYTHING, then=Value(0)),
        When(scope=Halt.Scope.TEAM, then=Value(1)),
        default=Value(2),
    )
    return Halt.objects.filter(lifted_at=None).select_related("team", "gateway").order_by(width, "at")


def all_active() -> list[Halt]:
    """Return what is stopped now, the widest first: for those who ask with every operation."""
    return _ACTIVE.all()


def touching(team_id: UUID | Param, gateway_id: str | Param | None) -> QuerySet[Halt]:
    """Return the halts that stop what a team does at a gateway, the widest first; without one: at none."""
    concerned = Q(scope=Halt.Scope.EVERYTHING) | Q(team=team_id)
    return active().filter(concerned | Q(gateway=gateway_id) if gateway_id else concerned)


_ACTIVE = Prepared(active)
_TOUCHING = Prepared(lambda: touching(Param("team", UUIDField()), Param("gateway", CharField())))


def active_for(team_id: UUID, gateway_id: str | None) -> Halt | None:
    """Return the halt that stops what a team does at a gateway: everything before the team before the gateway."""
    found: Halt | None = _TOUCHING.first(team=team_id, gateway=gateway_id)
    return found


def stops_gateway(gateway: Gateway) -> bool:
    """Say whether nobody's operations go to the gateway now."""
    return active().filter(Q(scope=Halt.Scope.EVERYTHING) | Q(gateway=gateway)).exists()


def stopped_teams() -> QuerySet[Halt, UUID | None]:
    """Return the teams that are stopped by themselves."""
    return (
        Halt.objects.filter(lifted_at=None, scope=Halt.Scope.TEAM).order_by().values_list("team", flat=True)
    )


def refuse_if_halted(team_id: UUID, gateway_id: str | None) -> None:
    """Raise Halted, with who stopped it, when and why, while it is."""
    if halt := active_for(team_id, gateway_id):
        raise Halted(halt)


def said(halt: Halt) -> str:
    """Return the sentence about a halt: “Stopped by Alice on 26 Nov, 10:02 UTC: why.”"""
    why = halt.why if halt.why.endswith((".", "!", "?")) else f"{halt.why}."
    words = {"who": halt.by_label, "when": dateformat.format(halt.at, "j M, H:i"), "why": why}
    if halt.is_restored:
        return _("Paused since the restore on %(when)s UTC: %(why)s") % words
    return _("Stopped by %(who)s on %(when)s UTC: %(why)s") % words


def target(halt: Halt) -> str:
    """Return what is stopped, as people name it."""
    if halt.team is not None:
        return halt.team.name
    return halt.gateway.name if halt.gateway is not None else _("Everything")


#: The fields of a halt that a banner needs, by their names in JSON: what stands around a page comes in one query.
TOLD = {
    **{name: name for name in ("scope", "cause", "why", "by_label", "at")},
    "team_name": "team__name",
    "gateway_name": "gateway__name",
}


def from_told(told: dict[str, Any]) -> Halt:
    """Return a halt that was read as TOLD: enough to say what it is, not a row to work with."""
    at = parse_datetime(told["at"])
    if at is None:
        raise ValueError(f"no time: {told['at']!r}")
    aware = at if timezone.is_aware(at) else at.replace(tzinfo=UTC)
    names = {"team": Team(name=told["team_name"] or ""), "gateway": Gateway(name=told["gateway_name"] or "")}
    halt = Halt(at=aware, **{name: told[name] for name in ("scope", "cause", "why", "by_label")})
    if halt.scope in names:
        setattr(halt, halt.scope, names[halt.scope])
    return halt


def _scope(team: Team | None, gateway: Gateway | None) -> Halt.Scope:
    if team is not None and gateway is not None:
        raise TypeError("a halt is of a team or of a gateway")
    if team is not None:
        return Halt.Scope.TEAM
    return Halt.Scope.GATEWAY if gateway is not None else Halt.Scope.EVERYTHING


def _record(action: str, halt: Halt, actor: Actor) -> None:
    """Write it into the team's record, or into the instance's for what is not a team's alone."""
    kind = "instance" if halt.scope == Halt.Scope.EVERYTHING else halt.scope
    record(
        action,
        team_id=halt.team_id,
        actor=actor,
        subject=Subject(kind, str(halt.team_id or halt.gateway_id or ""), target(halt)),
        details={"why": halt.why, "cause": halt.cause},
    )
