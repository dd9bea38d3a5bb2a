"""What a page says about an operation under way, and when it should ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.ui.figures import counted
from operations import selectors
from operations.models import Operation, State
from operations.registry import INTERACTIVE, kind_label, kinds

#: Delays of the first polls of an interactive operation, in milliseconds; then once a second (STYLE, rule 13).
FIRST_MS = (60, 120, 250, 500)
SECOND_MS = 1000
LONG_MS = 2000
PERSON_MS = 5000
LONG_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Live:
    """The moving part of a page. It asks `url` again after `delay` milliseconds; 0: nothing will change any more."""

    operation: Operation
    sentence: str
    silent: bool
    url: str
    delay: int

    @property
    def decide_url(self) -> str:
        """Where a person decides; nothing for what only the tab that asked can confirm."""
        return decide_url(self.operation)

    @property
    def tone(self) -> str:
        """The look of its callout."""
        return "warn" if self.silent or self.operation.state == State.WAITING else "accent"


def live(
    operation: Operation, fragment: Literal["strip", "events"], *, step: int = 0, after: int = 0
) -> Live:
    """Return what to say now. `step` counts the polls so far, `after` is the number of the last event shown."""
    url = reverse(f"operations:{fragment}", args=[operation.pk])
    return Live(
        operation=operation,
        sentence=_sentence(operation),
        silent=operation.state == State.QUEUED and selectors.worker_is_silent(),
        url=f"{url}?after={after}&step={step + 1}",
        delay=next_delay(operation, step),
    )


def decide_url(operation: Operation) -> str:
    """Return the page on which a waiting operation is decided, or nothing when there is none."""
    if operation.state != State.WAITING:
        return ""
    if not operation.awaits_consent:
        return operation.subject_url
    in_tab = operation.kind in kinds and kinds.get(operation.kind).result_for is not None
    return "" if in_tab else reverse("operations:consent", args=[operation.pk])


def next_delay(operation: Operation, step: int) -> int:
    """Return the milliseconds until the next poll after `step` polls, 0 when nothing will change any more."""
    if operation.is_final:
        return 0
    if operation.state == State.WAITING:
        return PERSON_MS
    if operation.queue == INTERACTIVE and step < len(FIRST_MS):
        return FIRST_MS[step]
    age = timezone.now() - (operation.started_at or operation.created_at)
    return LONG_MS if age > LONG_AFTER else SECOND_MS


def _sentence(operation: Operation) -> str:
    if operation.is_final:
        return ""
    if operation.cancel_requested:
        return _("Stops before its next step. What is done already stays.")
    if operation.state == State.QUEUED and not operation.has_started:
        return _place(operation)
    return selectors.last_message(operation)


def _place(operation: Operation) -> str:
    """Return the place in line, and what has to end first."""
    first = selectors.next_before(operation)
    if first is None:
        return selectors.last_message(operation)  # why it waits, if not for its turn
    place = counted(selectors.place_in_line(operation))
    words = {"place": place, "title": _name(first, operation)}
    if operation.project_id:
        return _("Place %(place)s in line: waits for “%(title)s” on the same project.") % words
    return _("Place %(place)s in line: waits for “%(title)s” with the same wallet.") % words


def _name(first: Operation, operation: Operation) -> str:
    """Return what stands before: of another project, which its reader may not reach, the kind alone."""
    return first.title if first.project_id in (None, operation.project_id) else kind_label(first.kind)
