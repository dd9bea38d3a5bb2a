"""Telling operators once when something begins to be wrong with the instance, and once when that is over.

Rows are the memory: every worker notes with its pulse, and of several the first one tells. What flickers is told once:
it has to last before it is told, and to be away for a while before it is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import happenings
from core.happenings import Happening
from operations.models import Trouble, WorkerPulse
from operations.watch.findings import ALIVE, Finding
from operations.watch.problems import PROBLEMS, found

log = structlog.get_logger(__name__)

LASTS, AWAY = timedelta(minutes=1), timedelta(minutes=2)
#: A worker that restarts is back before.
MISSING_AFTER = timedelta(minutes=5)
#: That it is still there is written no more often than this.
SEEN_EVERY = timedelta(seconds=10)
KEPT = timedelta(days=30)

Key = tuple[str, str]


def note() -> None:
    """Compare what is wrong now with what was, and tell what began and what is over."""
    now = timezone.now()
    pulses = {pulse.name: pulse for pulse in WorkerPulse.objects.all()}
    active = {(row.finding, row.about): row for row in Trouble.objects.filter(ended_at=None)}
    wrong = _wrong(pulses, now) | _still_deaf(active, pulses)
    for key in wrong - active.keys():
        begin(*key)
    for key, row in active.items():
        if key in wrong:
            _lasts(row, now)
        elif row.seen_at < now - AWAY:
            _end(row, now)


def begin(finding: str, about: str = "") -> Trouble | None:
    """Remember that something is wrong; None when another worker did."""
    now = timezone.now()
    Trouble.objects.filter(ended_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return Trouble.objects.create(finding=finding, about=about, began_at=now, seen_at=now)
    except IntegrityError:
        return None


def deaf(name: str) -> None:
    """Tell that a worker took nothing and ends itself. It does so too when this cannot be told."""
    try:
        if row := begin(Finding.DEAF, name):
            _tell_begun(row, row.began_at)
    except DatabaseError as error:
        log.warning("trouble_not_told", error=type(error).__name__)


def _wrong(pulses: dict[str, WorkerPulse], now: datetime) -> set[Key]:
    live = [pulse for pulse in pulses.values() if pulse.at >= now - ALIVE]
    missing = {name for name, pulse in pulses.items() if pulse.at < now - MISSING_AFTER}
    return {(str(finding), "") for finding in found(live)} | {(str(Finding.WORKER), name) for name in missing}


def _still_deaf(active: dict[Key, Trouble], pulses: dict[str, WorkerPulse]) -> set[Key]:
    """Return the workers that ended themselves and have shown no sign of life since."""
    return {
        key
        for key, row in active.items()
        if row.finding == Finding.DEAF
        and row.about in pulses
        and pulses[row.about].at <= row.began_at + ALIVE
    }


def _lasts(row: Trouble, now: datetime) -> None:
    if row.told_at is None and row.began_at <= now - LASTS:
        _tell_begun(row, now)
    if row.seen_at < now - SEEN_EVERY:
        Trouble.objects.filter(pk=row.pk).update(seen_at=now)


def _tell_begun(row: Trouble, now: datetime) -> None:
    with transaction.atomic():
        if Trouble.objects.filter(pk=row.pk, told_at=None, ended_at=None).update(told_at=now):
            title, text = _words(row)
            happenings.tell(_happening(row, "began", title, text))


def _end(row: Trouble, now: datetime) -> None:
    """Close it. Over is told of what was told."""
    with transaction.atomic():
        ended = Trouble.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now)
        if ended and row.told_at is not None:
            happenings.tell(_happening(row, "ended", _over(row), _since(row)))


def _happening(row: Trouble, occurrence: str, title: str, text: str) -> Happening:
    return Happening(
        "instance.trouble",
        object_id=f"trouble/{row.pk}",
        occurrence=occurrence,
        title=title,
        text=text,
        url=reverse("home:instance"),
    )


def _words(row: Trouble) -> tuple[str, str]:
    if row.finding == Finding.WORKER:
        title = _("Worker %(name)s has not been seen for five minutes")
        return title % {"name": row.about}, _(
            "If it was not stopped on purpose, start it again and read its log."
        )
    if row.finding == Finding.DEAF:
        title = _("Worker %(name)s took nothing from the line and ended itself")
        return title % {"name": row.about}, _(
            "What supervises it starts it again. If it does not come back, look into its log and at the broker."
        )
    problem = PROBLEMS[Finding(row.finding)]
    return str(problem.title), str(problem.text)


def _over(row: Trouble) -> str:
    if row.finding not in (Finding.WORKER, Finding.DEAF):
        return _("Over: %(what)s") % {"what": _words(row)[0]}
    if WorkerPulse.objects.filter(name=row.about, at__gte=row.seen_at).exists():
        return _("Worker %(name)s is back") % {"name": row.about}
    return _("Worker %(name)s is not looked for any more") % {"name": row.about}


def _since(row: Trouble) -> str:
    return _("It began on %(when)s UTC.") % {"when": row.began_at.strftime("%Y-%m-%d at %H:%M")}
