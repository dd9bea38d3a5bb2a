"""The name of a team, and the rules that its owners set."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import Subject, record
from core.errors import Refusal
from teams import guards
from teams.models import Team, User
from teams.permissions import Action, demand

#: Bounds, in the units that are stored.
IDLE_MINUTES = (5, 7 * 24 * 60)
SESSION_HOURS = (1, 30 * 24)


@dataclass(frozen=True)
class Rules:
    """What holds for every member. Above which sum a second person approves is the money pages' business."""

    require_two_factor: bool
    idle_minutes: int
    session_hours: int

    @classmethod
    def of(cls, team: Team) -> Rules:
        """Return the team's present rules."""
        return cls(team.require_two_factor, team.idle_minutes, team.session_hours)


def set_rules(*, team: Team, actor: User, rules: Rules) -> Team:
    """Write the rules. Raises Refusal for lengths out of bounds."""
    with transaction.atomic():
        locked = guards.lock(team)
        demand(guards.member(locked, actor), Action.TEAM_RULES)
        _require_bounds(rules)
        before, after = asdict(Rules.of(locked)), asdict(rules)
        changed = {name: value for name, value in after.items() if before[name] != value}
        if changed:
            for name, value in changed.items():
                setattr(locked, name, value)
            locked.save(update_fields=list(changed))
            record(
                "team.rules_changed",
                team_id=team.pk,
                actor=actor.actor,
                subject=_subject(team),
                details=changed,
            )
    return locked


def rename_team(*, team: Team, actor: User, name: str) -> Team:
    """Give the team another name."""
    with transaction.atomic():
        locked = guards.lock(team)
        demand(guards.member(locked, actor), Action.TEAM_RULES)
        before, locked.name = locked.name, name
        if before != name:
            locked.save(update_fields=["name"])
            details = {"before": before}
            record(
                "team.renamed", team_id=team.pk, actor=actor.actor, subject=_subject(locked), details=details
            )
    return locked


def _require_bounds(rules: Rules) -> None:
    if not IDLE_MINUTES[0] <= rules.idle_minutes <= IDLE_MINUTES[1]:
        raise Refusal("OUT_OF_BOUNDS", _("Choose between 5 minutes and 7 days."), field="idle_minutes")
    if not SESSION_HOURS[0] <= rules.session_hours <= SESSION_HOURS[1]:
        raise Refusal("OUT_OF_BOUNDS", _("Choose between 1 hour and 30 days."), field="session_hours")
    if rules.idle_minutes > rules.session_hours * 60:
        said = _("The pause cannot be longer than the whole session. Make it shorter.")
        raise Refusal("OUT_OF_BOUNDS", said, field="idle_minutes")


def _subject(team: Team) -> Subject:
    return Subject("team", str(team.pk), team.name)
