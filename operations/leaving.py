"""The leaver's items of this room: what they asked for and has not ended."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.registry import LeaverItem
from operations import pages, selectors
from operations.models import ACTIVE, Operation
from teams.models import Membership, User


def of_leaver(viewer: Membership, person: User) -> list[LeaverItem]:
    """Return the person's operations that are in line, run or wait; each can be cancelled by who may start its kind."""
    rows = selectors.operations_of(viewer.reach).filter(actor=person, state__in=ACTIVE)
    return [_item(operation, viewer) for operation in rows.order_by("created_at")]


def _item(operation: Operation, viewer: Membership) -> LeaverItem:
    may = pages.may_cancel(operation, viewer)
    return LeaverItem(
        title=operation.title,
        detail=_("They asked for it; it is %(state)s. A worker refuses it once they are out of the team.")
        % {"state": operation.get_state_display().lower()},
        icon="activity",
        button=_("Cancel it") if may else "",
        url=reverse("operations:cancel", args=[operation.pk]) if may else "",
    )
