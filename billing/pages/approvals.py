"""The list of approvals as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page

from billing import selectors as billing_selectors
from billing.thresholds import LOWER, RAISE
from core.paging import LongPaginator
from operations import selectors
from operations.approval_page import Standing, standing
from operations.models import Operation
from teams import selectors as people
from teams.models import Membership, User
from teams.permissions import Action, allows

PER_PAGE = 25


@dataclass(frozen=True)
class ApprovalsPage:
    """The requests of one page, newest first, and what the team's rule is."""

    rows: Page[Any]
    entries: tuple[Standing, ...]
    op: Operation | None
    above_micros: int | None
    exports_need_two: bool
    approvers: tuple[User, ...]
    may_change: bool
    may_invite: bool


def approvals_page(membership: Membership, number: str) -> ApprovalsPage:
    """Return the page for a member: requests for what they reach, and the rule with what a worker changes of it now.

    That is read first; then the rule, which every request brings along, is read again.
    """
    op = billing_selectors.asked_lately(membership.reach, LOWER, RAISE)
    team = membership.team
    team.refresh_from_db(fields=["approval_above_micros", "exports_need_two"])
    rows = LongPaginator(selectors.approvals_of(membership.reach), PER_PAGE).get_page(number)
    return ApprovalsPage(
        rows=rows,
        entries=tuple(standing(row) for row in rows),
        op=op,
        above_micros=team.approval_above_micros,
        exports_need_two=team.exports_need_two,
        approvers=tuple(people.approvers_of(membership.team)),
        may_change=allows(membership.role, Action.TEAM_RULES),
        may_invite=allows(membership.role, Action.MEMBERS_MANAGE),
    )
