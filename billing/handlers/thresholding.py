"""Writing when a team needs a second person. For a looser rule a passkey was checked before this runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import thresholds as asked
from core.errors import Refusal
from operations import demanding
from operations.documents import Ask
from operations.registry import Guard, kind
from operations.work import Work
from teams.models import Team
from teams.permissions import Action
from wallets import thresholds


# Runs on while stopped: it asks no gateway, and a stricter rule only makes things safer.
@kind(
    asked.LOWER,
    gettext_lazy("Need a second person more often"),
    action=Action.TEAM_RULES,
    runs_halted=True,
)
def lower(work: Work) -> dict[str, Any]:
    """Write down what web says now, where that is stricter than what was written before."""
    return {"above": thresholds.of_team(work.operation.team_id).above}


@kind(
    asked.RAISE,
    gettext_lazy("Need a second person less often"),
    action=Action.TEAM_RULES,
    guard=Guard.PASSKEY,
    statement=asked.statement,
    approver=Action.TEAM_RULES,
)
def raise_(work: Work) -> dict[str, Any]:
    """Write the rule that was confirmed, unless the present one is another than the person saw.

    That keys need two people's word no more is itself said by two.
    """
    rule, team_id = asked.asked_rule(work.args), work.operation.team_id
    if rule is None:
        raise Refusal("OUT_OF_BOUNDS", _("Choose a sum up to $10,000.00."))
    if thresholds.of_team(team_id).exports_need_two and not rule.exports_need_two:
        ask = Ask(None, 0, "", "", work.operation.title)
        demanding.demand_word(work, ask, _("This team wants two people's word before keys leave."))
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=work.operation.team_id)
        if "version" in work.checkpoints:
            return {"version": work.checkpoints["version"]}
        changed = thresholds.version_of(team) != work.args.get("version")
        if changed or thresholds.of_team(team.pk) != asked.asked_rule(work.args, before=True):
            raise Refusal(
                "THRESHOLD_CHANGED", _("The rule has changed since you looked. Look, then ask again.")
            )
        written = thresholds.write(team, rule, actor=work.actor)
        work.checkpoint(version=written.version)
    return {"version": written.version}
