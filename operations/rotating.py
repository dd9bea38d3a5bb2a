"""The steps of a rotation, each taken only when every process can follow: see docs/operations.md, “Keys”.

add (everybody can read) ─▶ promote (everybody writes with it) ─▶ re-seal the rows ─▶ retire the old keys
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from audit.record import SYSTEM, Subject, record
from core.machine import os_user
from operations.models import WorkerPulse
from operations.results import LIFE
from wallets import resealing, rotation, sealed
from wallets.rotation import FILES, RotationError

#: What was begun with the old key before a promotion is written by then, or was given up.
GRACE_SECONDS = {"vault": 60.0, "policy": 60.0, "results": LIFE.total_seconds() + 60}
#: A worker that was alive this lately counts.
ALIVE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0

Say = Callable[[str], None]


def add(folder: Path, name: str) -> str:
    """Let a new key wait in the files; return what to do next."""
    with rotation.locked(folder):
        key_id = rotation.add(folder, name)
    _record("keyset.key_added", name, key=key_id)
    return (
        f"{name}: key {key_id} waits in {FILES[name].secret}; nothing is written with it yet. Where other machines have"
        f" files of their own, copy {_copied(name)}. Then: keysets_rotate promote"
    )


def promote(folder: Path, name: str) -> str:
    """Let the waiting key write, once every live worker holds it."""
    with rotation.locked(folder):
        newest = rotation.keys_in(folder, name).newest
        if lacking := workers_without(name, newest):
            raise RotationError(
                f"{', '.join(lacking)} cannot read with key {newest} yet. Copy {FILES[name].secret} to that machine:"
                " its worker notices within seconds. Then promote again."
            )
        key_id = rotation.promote(folder, name)
    _record("keyset.promoted", name, key=key_id)
    then = "retire, in a quarter of an hour" if name == "results" else "manage.py keysets_reseal, then retire"
    return f"{name}: key {key_id} writes from now on. Copy {_copied(name, web=True)} as before. Then: {then}"


def retire(folder: Path, name: str, *, grace: float | None = None, lost: bool = False) -> str:
    """Take the old keys out when nothing needs them. `lost`: although there are rows that no key opens."""
    with rotation.locked(folder):
        old = list(rotation.keys_in(folder, name).old)
        _require_rest(folder, name, GRACE_SECONDS[name] if grace is None else grace)
        given_up = _require_unused(name, old, lost=lost)
        retired = rotation.retire(folder, name)
        if sum(sealed.rows_under(name, retired).values()) > given_up:
            rotation.restore(folder, name)
            raise RotationError(
                f"Something was sealed with an old {name} key just now. The key is back. Re-seal and retire again."
            )
        rotation.forget(folder, name)
    _record("keyset.retired", name, keys=list(retired), rows_given_up=given_up)
    words = ", ".join(map(str, retired))
    return f"{name}: retired {words}; the kept files of before are deleted. Copy {_copied(name, web=True)} as before."


def everything(folder: Path, names: Sequence[str], say: Say, *, grace: float | None = None) -> None:
    """Take all steps one after another, where every process reads this very folder."""
    for name in names:
        say(add(folder, name))
    for name in names:
        _wait_for_workers(folder, name)
        say(promote(folder, name))
    resealable = tuple(name for name in names if name != "results")
    if resealable:
        say(resealed(resealable))
    for name in sorted(names, key=GRACE_SECONDS.__getitem__):
        rest = GRACE_SECONDS[name] if grace is None else grace
        time.sleep(max(0.0, rest - rotation.last_change(folder, name)))
        if name in resealable:  # what was on its way into the database at the promotion
            say(resealed((name,)))
        say(retire(folder, name, grace=grace))


def resealed(names: tuple[str, ...], *, per_second: float = 0, tell: resealing.Tell | None = None) -> str:
    """Re-seal and say how it went. Raises `Locked` without the keysets."""
    tally = resealing.reseal(names, per_second=per_second, tell=tell)
    _record(
        "keyset.resealed", ", ".join(names), rows=tally.renewed, passed=tally.passed, stuck=len(tally.stuck)
    )
    said = f"{', '.join(names)}: {tally.renewed} rows renewed"
    if tally.passed:
        said += f", {tally.passed} changed by others meanwhile"
    return said + "".join(f"\n  left as it is: {row}" for row in sorted(tally.stuck))


def workers_without(name: str, key_id: int) -> list[str]:
    """Return the live workers that do not hold the key."""
    alive = WorkerPulse.objects.filter(at__gte=timezone.now() - timedelta(seconds=ALIVE_SECONDS))
    return [pulse.name for pulse in alive.order_by("name") if key_id not in (pulse.keys.get(name) or ())]


def _wait_for_workers(folder: Path, name: str) -> None:
    newest, deadline = rotation.keys_in(folder, name).newest, time.monotonic() + PATIENCE_SECONDS
    while workers_without(name, newest) and time.monotonic() < deadline:
        time.sleep(0.25)


def _require_rest(folder: Path, name: str, grace: float) -> None:
    """Refuse while something that was sealed before the promotion may still be on its way into the database."""
    left = grace - rotation.last_change(folder, name)
    if left > 0:
        raise RotationError(
            f"The last step of the {name} keyset was just taken. Wait {left:.0f} s more: what was sealed before it may"
            " still be on its way into the database."
        )


def _require_unused(name: str, old: list[int], *, lost: bool) -> int:
    """Refuse while a row needs an old key; return the number of rows that are lost with or without it."""
    under = sealed.rows_under(name, old)
    if not under:
        return 0
    if name == "results":
        raise RotationError(
            f"{sum(under.values())} answers are covered with an old key. Wait a quarter of an hour."
        )
    needed, gone = resealing.unopened(name, old)
    if needed:
        counts = ", ".join(f"{number} of {column}" for column, number in under.items())
        raise RotationError(
            f"Rows still need an old {name} key: {counts}. Run `manage.py keysets_reseal` first."
        )
    if gone and not lost:
        rows = "\n  ".join(gone)
        raise RotationError(
            f"These rows name an old {name} key and do not open with it; somebody changed them:\n  {rows}\n"
            "Look into it; --despite-lost-rows retires the key all the same."
        )
    return len(gone)


def _copied(name: str, *, web: bool = False) -> str:
    files = FILES[name]
    words = f"{files.secret} to every worker"
    if name == "results":
        return f"{files.secret} to every worker and web process"
    return f"{words} and {files.public} to every process" if web and files.public else words


def _record(action: str, name: str, **details: object) -> None:
    with transaction.atomic():
        record(
            action,
            team_id=None,
            actor=SYSTEM,
            subject=Subject("keyset", name[:64], name),
            details={**details, "by": os_user()},
        )
