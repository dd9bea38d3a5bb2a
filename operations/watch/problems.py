"""What people who can act have to know, in one query: what live workers left with their pulse, and what web sees."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from operations.models import WorkerPulse
from operations.watch.findings import ALIVE, CHECKS, Finding, disk, keyset


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the instance, and the next step. That no worker answers, every page says already."""

    icon: str
    title: str | Promise
    text: str | Promise


PROBLEMS = {
    Finding.QUEUE: Problem(
        "hourglass",
        _("Operations wait too long for a worker"),
        _("Workers are alive and do not keep up. Look into their log, or run more of them."),
    ),
    Finding.BEAT: Problem(
        "clock",
        _("The schedule stands still"),
        _(
            "No beat runs, so nothing is swept, refreshed or tried again in time. Start one worker with --beat."
        ),
    ),
    Finding.CLOCK: Problem(
        "clock",
        _("The clocks of the machines differ"),
        _(
            "Leases and sign-in proofs need the right time. Let NTP set the clocks of database, web and workers."
        ),
    ),
    Finding.DISK: Problem(
        "hard-drive",
        _("The disk is nearly full"),
        _("Uploads and the database stop when it is. Make room on the disk of the data folder."),
    ),
    Finding.KEYSET: Problem(
        "key-round",
        _("A keyset is missing"),
        _("What has to be sealed, signed or opened is refused. The start of the process names the setting."),
    ),
}

#: What this process finds by itself, without asking the database.
SEEN_HERE = {Finding.DISK, Finding.KEYSET}


def problems() -> list[Problem]:
    """Return what is wrong now, each thing once."""
    wrong = found(list(WorkerPulse.objects.filter(at__gte=timezone.now() - ALIVE)))
    return [problem for finding, problem in PROBLEMS.items() if finding in wrong]


def found(live: list[WorkerPulse]) -> set[Finding]:
    """Return what live workers found, and what this process finds; what no version knows any more is left out."""
    wrong = {Finding(name) for pulse in live for name in pulse.findings if name in PROBLEMS}
    if disk():
        wrong.add(Finding.DISK)
    if live and (keyset() or not all(pulse.unlocks and pulse.checks_limits for pulse in live)):
        wrong.add(Finding.KEYSET)
    return wrong


def told(live: list[WorkerPulse]) -> dict[str, str | Promise]:
    """Return each check by name, `ok` or what is wrong, as live workers told it with their pulse."""
    wrong = found(live)
    return {str(finding): _words(finding, wrong, live) for finding in CHECKS}


def _words(finding: Finding, wrong: set[Finding], live: list[WorkerPulse]) -> str | Promise:
    if finding in SEEN_HERE and (words := CHECKS[finding]()):
        return words
    if finding in wrong:
        return PROBLEMS[finding].title
    return "ok" if live or finding in SEEN_HERE else _("not known while no worker answers")
