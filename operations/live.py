"""What a page says about an operation under way, and when it should ask again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from operations import decisions, line, selectors
from operations.models import Operation, Reason, State
from operations.registry import INTERACTIVE, kinds

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
    def in_review(self) -> bool:
        """The page has a panel of its own for what nobody knows the outcome of."""
        return decisions.is_in_review(self.operation)

    @property
    def tone(self) -> str:
        """The look of its callout."""
        return "warn" if self.silent or self.operation.state == State.WAITING else "accent"


def live(
    operation: Operation, fragment: Literal["strip", "events"], *, step: int = 0, after: int = 0
) -> Live:
    """Return what to say now. `step` counts the polls so far, `after` is the number of the last event shown."""
    url, person = reverse(f"operations:{fragment}", args=[operation.pk]), asks_person(operation)
    return Live(
        operation=operation,
        sentence=_sentence(operation),
        silent=operation.state == State.QUEUED and selectors.worker_is_silent(),
        url=f"{url}?after={after}&step={step + 1}{f'&{person}=1' if person else ''}",
        delay=next_delay(operation, step),
    )


def decide_url(operation: Operation) -> str:
    """Return the page on which a waiting operation is decided, or nothing when there is none."""
    if operation.state != State.WAITING:
        return ""
    if decisions.is_in_review(operation):
        return reverse("operations:detail", args=[operation.pk])
    if operation.reason == Reason.APPROVAL:
        return reverse("operations:approval", args=[operation.pk])
    if not operation.awaits_consent:
        return operation.subject_url
    in_tab = operation.kind in kinds and kinds.get(operation.kind).result_for is not None
    return "" if in_tab else reverse("operations:consent", args=[operation.pk])


def asks_person(operation: Operation) -> str:
    """Return for which decision of a person it waits that is drawn with the page: “review”, “approval”, or nothing.

    A page loads anew when this changes. Rows change with it too: what is in review is marked as in doubt.
    """
    asks = operation.state == State.WAITING and operation.reason in (Reason.REVIEW, Reason.APPROVAL)
    return operation.reason if asks else ""


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
    return line.reason(operation) or selectors.last_message(operation)
