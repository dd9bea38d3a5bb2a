"""Why an operation that stands in line does not run yet, in one sentence and two queries at most."""

from __future__ import annotations

import math
import re
from typing import Any
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils import timezone
from django.utils.translation import gettext as _

from core.ui.times import duration
from operations import selectors
from operations.endings import HELD
from operations.halted import halt_of
from operations.models import Operation, State
from operations.registry import kind_label
from wallets import halts

#: Types of events that say why it pauses.
PAUSES = ("retry", HELD, "requeued", "reconcile")
#: How the message ended when the pause began; by now less is left of it.
AGAIN = re.compile(r" Trying again in \d+ s\.$")
#: Nobody wants to know how many hundreds stand before them.
MOST = 100


def reason(operation: Operation) -> str:
    """Return why it waits; nothing when it does not stand in line, or simply pauses between two steps."""
    if operation.state != State.QUEUED:
        return ""
    if halt := halt_of(operation):
        return _("%(said)s It goes on by itself when that is lifted.") % {"said": halts.said(halt)}
    if operation.not_before > timezone.now():
        return _pause(operation)
    if operation.has_started:
        return ""
    return _place_in_lane(operation) if operation.lane else _next_free_worker()


def _pause(operation: Operation) -> str:
    """Return when it is tried again and why not now; nothing for a pause that is part of its way."""
    last = operation.events.order_by("-seq").first()
    if last is None or last.type not in PAUSES:
        return ""
    left = max(math.ceil((operation.not_before - timezone.now()).total_seconds()), 1)
    words = {"left": duration(left) if left >= 10 else f"{left} s", "why": AGAIN.sub("", last.message)}
    return _("Goes on in %(left)s. %(why)s") % words


def _place_in_lane(operation: Operation) -> str:
    """Return its place among the changes to one thing, and which of them comes before."""
    count, last = selectors.place_in_lane(operation, MOST)
    if last is None:
        return _next_free_worker()
    words = {"place": _place(count), "title": _name(last, operation)}
    if operation.project_id:
        return _("%(place)s in line after “%(title)s”: changes to one project run one after another.") % words
    return _("%(place)s in line after “%(title)s”: changes with one wallet run one after another.") % words


def _next_free_worker() -> str:
    """Teams take turns, so there is no place to name: what others have in line is nobody's business."""
    return _("In line: it begins as soon as a worker is free.")


def _place(before: int) -> str:
    return str(ordinal(before + 1)) if before < MOST else _("Far behind")


def _name(last: dict[str, Any], operation: Operation) -> str:
    """Return what stands before: of another project, which its reader may not reach, the kind alone."""
    own = last["project_id"] is None or UUID(last["project_id"]) == operation.project_id
    return last["title"] if own else kind_label(last["kind"])
