"""The rules of a team."""

from __future__ import annotations

from dataclasses import dataclass

from teams import selectors
from teams.models import Membership, User
from teams.permissions import Action, allows
from teams.services.rules import Rules


@dataclass(frozen=True)
class RulesPage:
    """The rules as they are. `without_factor` are the members who would be led to a second factor."""

    rules: Rules
    may_change: bool
    without_factor: tuple[User, ...]
    above_micros: int | None

    @property
    def idle_seconds(self) -> int:
        return self.rules.idle_minutes * 60

    @property
    def session_seconds(self) -> int:
        return self.rules.session_hours * 3600


def rules_page(actor: Membership) -> RulesPage:
    """Return the rules of the member's team."""
    people = [each.user for each in selectors.members_of(actor.team)]
    having = selectors.two_factor_of(people)
    without = tuple(each for each in people if each.pk not in having)
    above = actor.team.approval_above_micros
    return RulesPage(Rules.of(actor.team), allows(actor.role, Action.TEAM_RULES), without, above)
