"""What the inbox, the rules and the pages of webhooks show, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications import selectors
from notifications.events import ALL, EVENTS, EventType
from notifications.models import Delivery, Hook, Notice
from teams.models import User

PER_PAGE = 25
POLL_MILLISECONDS, PATIENT_MILLISECONDS = 1000, 5000
#: What is tried within this time is waited for with the page open: a claim moves a delivery's next try to the end of
#: its pause, so that one on its way looks like one that pauses. What pauses for longer is read when somebody looks, and
#: so is what no worker has taken for so long.
SOON, LATE = timedelta(minutes=3), timedelta(minutes=2)
AT_ONCE = timedelta(seconds=15)


@dataclass(frozen=True)
class NoticeRow:
    """One notice as it is listed."""

    notice: Notice
    icon: str
    event: str

    @property
    def unread(self) -> bool:
        return self.notice.read_at is None


@dataclass(frozen=True)
class InboxPage:
    """One page of the inbox. `unread` counts all of it, whatever the filter leaves."""

    rows: Page[Any]
    entries: tuple[NoticeRow, ...]
    unread: int
    filtered: bool


@dataclass(frozen=True)
class RuleRow:
    """One type of event, and whether a mail is sent of it."""

    event: EventType
    mail: bool


@dataclass(frozen=True)
class RulesPage:
    """A person's rules. `sends`: this instance sends mail at all."""

    rows: tuple[RuleRow, ...]
    sends: bool


@dataclass(frozen=True)
class HookRow:
    """One webhook as it is listed."""

    hook: Hook
    events: tuple[str, ...]
    failed: int


@dataclass(frozen=True)
class DeliveryRow:
    """One line of the log."""

    delivery: Delivery
    event: str
    look: str
    may_resend: bool


@dataclass(frozen=True)
class HookPage:
    """One webhook with a page of its log. `delay` in milliseconds while a worker is about to try one that is shown."""

    hook: Hook
    events: tuple[str, ...]
    rows: Page[Any]
    entries: tuple[DeliveryRow, ...]
    state: str
    delay: int | None

    @property
    def filtered(self) -> bool:
        return bool(self.state)

    @property
    def query(self) -> str:
        """What leads to this page of the log again."""
        return f"?{urlencode({'state': self.state, 'page': self.rows.number})}"

    @property
    def signs(self) -> bool:
        return self.hook.form == Hook.Form.SIGNED


def inbox_page(found: QuerySet[Notice], number: str, *, unread: int, filtered: bool) -> InboxPage:
    """Return one page of what a filter left."""
    rows = Paginator(found, PER_PAGE).get_page(number)
    entries = tuple(NoticeRow(each, _icon(each.event), label_of(each.event)) for each in rows)
    return InboxPage(rows, entries, unread, filtered)


def rules_page(person: User) -> RulesPage:
    """Return every type of event with the person's choice; what concerns operators is shown to them only."""
    mail = selectors.mail_rules_of(person)
    shown = [each for each in ALL if each.hooks or person.is_operator]
    return RulesPage(tuple(RuleRow(each, mail[each.name]) for each in shown), bool(settings.MAIL_FROM))


def hook_rows(hooks: QuerySet[Hook]) -> tuple[HookRow, ...]:
    """Return the webhooks of a list."""
    return tuple(HookRow(hook, labels_of(hook), int(getattr(hook, "failed", 0))) for hook in hooks)


def hook_page(hook: Hook, number: str, *, state: str) -> HookPage:
    """Return one webhook with what was sent to it."""
    rows = Paginator(selectors.deliveries_of(hook, state=state), PER_PAGE).get_page(number)
    entries = tuple(_delivery_row(each, hook) for each in rows)
    delays = [delay for each in rows if (delay := _delay(each))] if hook.on else []
    return HookPage(hook, labels_of(hook), rows, entries, state, min(delays, default=None))


def labels_of(hook: Hook) -> tuple[str, ...]:
    """Return the events of a webhook in words."""
    return tuple(label_of(name) for name in hook.events)


def label_of(event: str) -> str:
    """Return a type of event in words."""
    return str(EVENTS[event].label) if event in EVENTS else _("Test")


def _icon(event: str) -> str:
    return EVENTS[event].icon if event in EVENTS else "bell"


def _delay(delivery: Delivery) -> int | None:
    """Return after how many milliseconds to look at it again, None when nothing will happen to it soon."""
    now = timezone.now()
    if delivery.state != Delivery.State.QUEUED or not now - LATE < delivery.not_before < now + SOON:
        return None
    is_first = delivery.tried_at is None
    return POLL_MILLISECONDS if is_first or delivery.not_before < now + AT_ONCE else PATIENT_MILLISECONDS


LOOKS: Mapping[str, str] = {Delivery.State.SENT: "ok", Delivery.State.FAILED: "bad"}


def _delivery_row(delivery: Delivery, hook: Hook) -> DeliveryRow:
    ended = delivery.state != Delivery.State.QUEUED
    look = LOOKS.get(delivery.state, "idle")
    return DeliveryRow(delivery, label_of(delivery.event), look, ended and hook.on)
