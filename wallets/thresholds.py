"""Above which sum a second person has to approve: of the team, of the wallet, of the kind of cost. The lowest counts.

Those of a wallet stand in its signed limits. The team's stands in a row of its own under a MAC, beside whether a key
leaves on one person's word; the team's columns are what pages show, and what web may tighten at once: a worker then
writes it down and never believes a looser one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Event
from audit.record import SYSTEM, Actor, Subject, record
from core.errors import Refusal
from teams.models import Team
from wallets import macs, policies
from wallets.limits import DEPLOY, Limits
from wallets.models import ApprovalRule, Payment, Wallet

#: What can have a threshold of its own in a wallet; a deploy is none of the ledger's classes.
KINDS = {**{str(cost): cost.label for cost in Payment.Cost}, DEPLOY: gettext_lazy("Deploys")}
WRITTEN = "team.threshold_written"


@dataclass(frozen=True)
class Rule:
    """When a team needs a second person: for payments above so many micros (None: for none), and for exports."""

    above: int | None = None
    exports_need_two: bool = False

    @classmethod
    def shown(cls, team: Team) -> Rule:
        """Return what web says."""
        return cls(team.approval_above_micros, team.exports_need_two)

    def is_looser_than(self, other: Rule) -> bool:
        """Say whether one person could do something under it that the other one has two do."""
        higher = other.above is not None and (self.above is None or self.above > other.above)
        return higher or (other.exports_need_two and not self.exports_need_two)

    def with_the_stricter_of(self, other: Rule) -> Rule:
        """Return what holds where either says so."""
        sums = [micros for micros in (self.above, other.above) if micros is not None]
        return Rule(min(sums, default=None), self.exports_need_two or other.exports_need_two)


def lowest(wallet: Wallet, cost: str) -> int | None:
    """Return the sum above which such a payment needs a second person, in micros; None for none. In a worker.

    Raises Refusal when a row that decides was not written by a worker.
    """
    own = policies.verified(wallet)
    return strictest(of_team(wallet.team_id).above, own, cost)


def strictest(above: int | None, own: Limits, cost: str) -> int | None:
    """Return the lowest of the team's sum and the wallet's own for payments of this cost, in micros; None for none."""
    sums = dict(own.approvals)
    found = (above, sums.get(""), sums.get(cost))
    return min((micros for micros in found if micros is not None), default=None)


def shown(team: Team, wallet: Wallet, cost: str) -> int | None:
    """Return the sum above which such a payment needs a second person, in micros, as the rows say; None for none.

    For pages alone: a worker asks the genuine rows before it pays.
    """
    policy = getattr(wallet, "policy", None)
    above = team.approval_above_micros
    return above if policy is None else strictest(above, policies.stated(policy), cost)


def of_team(team_id: UUID) -> Rule:
    """Return the team's rule: what a worker wrote, or stricter, as web says. A stricter one is written down here."""
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=team_id)
        signed = verified(team)
        rule = signed.with_the_stricter_of(Rule.shown(team))
        if rule != signed:
            write(team, rule, actor=SYSTEM)
        return rule


def verified(team: Team) -> Rule:
    """Return what a worker wrote last, a rule that asks for nobody when it wrote none."""
    rule = ApprovalRule.objects.filter(team=team).first()
    newest = _recorded_version(team)
    if rule is None and not newest:
        return Rule()
    if rule is None or rule.version < newest or not macs.holds(bytes(rule.mac), covered(rule)):
        raise Refusal(
            "THRESHOLD_TAMPERED",
            _(
                "Above which sum this team needs a second person was not written by a worker. Nothing is paid."
            ),
        )
    return Rule(rule.above_micros, rule.exports_need_two)


def version_of(team: Team) -> int:
    """Return the version of the rule that a worker wrote last, as its row says; 0 before the first."""
    return ApprovalRule.objects.filter(team=team).values_list("version", flat=True).first() or 0


def write(team: Team, asked: Rule, *, actor: Actor) -> ApprovalRule:
    """Write the team's next rule with its MAC, in a transaction that holds the team. Needs a worker's key."""
    rule = ApprovalRule.objects.filter(team=team).first() or ApprovalRule(team=team, version=0)
    rule.version = max(rule.version, _recorded_version(team)) + 1
    rule.above_micros, rule.exports_need_two = asked.above, asked.exports_need_two
    rule.mac = macs.compute(covered(rule))
    rule.save()
    shown = {"approval_above_micros": asked.above, "exports_need_two": asked.exports_need_two}
    Team.objects.filter(pk=team.pk).update(**shown)
    details: dict[str, Any] = {"version": rule.version, "above_micros": asked.above}
    if asked.exports_need_two:
        details["exports_need_two"] = True
    subject = Subject("team", str(team.pk), team.name)
    record(WRITTEN, team_id=team.pk, actor=actor, subject=subject, details=details)
    return rule


def covered(rule: ApprovalRule) -> bytes:
    """Return the bytes under the MAC: which team, which version, above which sum, and whether exports need two.

    A row that asks two for no export keeps the form it was marked in; no row can pass for one of the other form.
    """
    fields: list[Any] = [str(rule.team_id), rule.version, rule.above_micros]
    if rule.exports_need_two:
        fields.append("exports")
    return json.dumps(["run402-panel/threshold/v1", *fields], separators=(",", ":")).encode()


def _recorded_version(team: Team) -> int:
    """Return the newest version that the record names; 0 when it names none."""
    about = Event.objects.filter(chain_id=str(team.pk), object_type="team", action=WRITTEN)
    details = about.order_by("-seq").values_list("details", flat=True).first() or {}
    return int(details.get("version", 0))
