"""When a team needs a second person: made stricter at once, looser with a passkey by the worker."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Refusal
from core.ui.money import usd
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import Membership, Role, Team, User
from wallets import thresholds
from wallets.limits import MOST_MICROS
from wallets.thresholds import Rule

LOWER, RAISE = "team.threshold", "team.threshold_raise"


def change(*, team: Team, actor: User, asked: Rule) -> Operation | None:
    """Ask for another rule; None where it is that one already. A looser one waits for the asker's passkey.

    A stricter one holds at once: the worker takes the stricter of what web says and what was written before.
    """
    if asked.above is not None and not 0 <= asked.above <= MOST_MICROS:
        raise Refusal("OUT_OF_BOUNDS", _("Choose a sum up to $10,000.00."), field="above")
    with transaction.atomic():
        locked = Team.objects.select_for_update().get(pk=team.pk)
        now = Rule.shown(locked)
        if now == asked:
            return None
        if asked.exports_need_two and not now.exports_need_two:
            _require_two_owners(locked)
        if asked.is_looser_than(now):
            return _submit(RAISE, _("Need a second person less often"), locked, actor, asked, now)
        operation = _submit(LOWER, _("Need a second person more often"), locked, actor, asked, now)
        shown = {"approval_above_micros": asked.above, "exports_need_two": asked.exports_need_two}
        Team.objects.filter(pk=team.pk).update(**shown)
    return operation


def _require_two_owners(team: Team) -> None:
    """Refuse a rule under which nobody could let a key go."""
    owners = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True)
    if owners.count() < 2:
        said = _("The team has one owner only, so nobody could confirm. Invite another owner first.")
        raise Refusal("OWNERS_MISSING", said, field="exports_need_two")


def _submit(kind: str, title: str, team: Team, actor: User, asked: Rule, now: Rule) -> Operation:
    return queue.submit(
        Request(
            kind=kind,
            title=title,
            team=team,
            gateway=None,
            actor=actor,
            subject_id=team.pk,
            subject_url=reverse("billing:approvals"),
            args={
                "above": asked.above,
                "now": now.above,
                "exports": asked.exports_need_two,
                "exports_now": now.exports_need_two,
                "version": thresholds.version_of(team),
            },
        )
    )


def asked_rule(args: dict[str, Any], *, before: bool = False) -> Rule | None:
    """Return the rule that an operation asks for, or that it found; None for what makes no sense."""
    above, exports = args.get("now" if before else "above"), args.get("exports_now" if before else "exports")
    if above is not None and not (type(above) is int and 0 <= above <= MOST_MICROS):
        return None
    return Rule(above, exports) if isinstance(exports, bool) else None


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what the asker confirms."""
    now, then = asked_rule(operation.args, before=True), asked_rule(operation.args)
    return [
        (_("Team"), operation.team.name),
        (_("One person pays alone up to"), _change(_sum(now), _sum(then))),
        (_("Keys leave the panel"), _change(_exports(now), _exports(then))),
        *_second_owner(now, then),
    ]


def _second_owner(now: Rule | None, then: Rule | None) -> list[tuple[str, str]]:
    if now is None or then is None or not now.exports_need_two or then.exports_need_two:
        return []
    return [(_("Before that"), _("another owner confirms it too"))]


def _change(now: str, then: str) -> str:
    return f"{now} → {then}" if now != then else _("%(then)s, as before") % {"then": then}


def _sum(rule: Rule | None) -> str:
    above = rule.above if rule else None
    return usd(above, exact=True) if above is not None else _("any sum that the limits allow")


def _exports(rule: Rule | None) -> str:
    return _("on two people's word") if rule and rule.exports_need_two else _("on one owner's word")
