"""Takes bytes out of the store that no row names: uploads that were refused, or that nobody sent on.

Marks first, then sweeps what is older than a day. Whoever stores the same bytes again meanwhile touches them
(`store.put`), so they stay; the file is set aside and looked at once more before it goes.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from core.registry import Due, Retention, retentions
from deploys.models import Deploy, Release, Source
from operations.models import ACTIVE, Operation

#: Younger bytes may belong to an upload whose row is not written yet.
GRACE_SECONDS = 24 * 3600.0
#: A sweep is a walk through the whole store, so there is one a day; this long at most, the next one goes on.
PASS_SECONDS = 24 * 3600.0
BUDGET_SECONDS = 20.0
DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIX, _REST = re.compile(r"[0-9a-f]{2}"), re.compile(r"[0-9a-f]{62}")


def register() -> None:
    """Offer it with what the rooms keep for a while."""
    retentions.add("uploads", Retention(_("Uploaded files that nothing refers to"), sweep, due))


def due() -> Due:
    """Return how many files nothing refers to, and their bytes."""
    named = marked()
    sizes = [_size(path) for path in _old_files() if _digest(path) not in named]
    return Due(len(sizes), sum(sizes))


def sweep() -> int:
    """Take away what nothing refers to, once a day; return how many files that were."""
    if time.time() - _last_pass() < PASS_SECONDS:
        return 0
    until = time.monotonic() + BUDGET_SECONDS
    _settle_aside()
    _forget_halves()
    named, taken = marked(), 0
    for path in _old_files():
        if time.monotonic() > until:
            return taken
        if _digest(path) not in named:
            taken += _take(path)
    _note_pass()
    return taken


def marked() -> set[bytes]:
    """Return every digest that a row names, wherever in it: too many rather than too few."""
    return {bytes.fromhex(digest) for text in _texts() for digest in DIGEST.findall(text)}


def _texts() -> Iterator[str]:
    active = Operation.objects.filter(state__in=ACTIVE)
    yield from _columns(Source.objects.all(), "files", "manifest")
    yield from _columns(Release.objects.all(), "archive")
    yield from _columns(Deploy.objects.all(), "spec", "plan", "reviewed_plan")
    yield from _columns(active, "args", "checkpoints")


def _columns(rows: QuerySet, *names: str) -> Iterator[str]:  # type: ignore[type-arg]  # of any model
    texts = {f"{name}_text": Cast(name, TextField()) for name in names}
    for row in rows.order_by().values_list(*texts.values()).iterator(chunk_size=200):
        yield from row


def _old_files() -> Iterator[Path]:
    """Yield the stored files that are old enough, in another order each time."""
    folders = [folder for folder in _listed(_folder()) if _PREFIX.fullmatch(folder.name)]
    random.shuffle(folders)
    for folder in folders:
        for path in _listed(folder):
            if _REST.fullmatch(path.name) and _age(path) > GRACE_SECONDS:
                yield path


def _take(path: Path) -> int:
    """Set the file aside, and let it go unless somebody stored the same bytes a moment ago. Return how many went."""
    aside = _aside() / (path.parent.name + path.name)
    aside.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        path.rename(aside)
    except FileNotFoundError:
        return 0  # another worker was faster
    return _settle(aside)


def _settle(aside: Path) -> int:
    if _age(aside) > GRACE_SECONDS:
        aside.unlink(missing_ok=True)
        return 1
    place = _folder() / aside.name[:2] / aside.name[2:]
    with suppress(FileNotFoundError):
        aside.replace(place)  # the same bytes, if they were stored anew meanwhile
    return 0


def _settle_aside() -> None:
    """Decide about what a worker that died had set aside."""
    for aside in _listed(_aside()):
        _settle(aside)


def _forget_halves() -> None:
    """Delete what uploads that were cut off left half-written."""
    for half in _listed(_folder() / "incoming"):
        if _age(half) > GRACE_SECONDS:
            half.unlink(missing_ok=True)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _age(path: Path) -> float:
    """Return the seconds since the bytes were stored last; of what is not there any more none."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _digest(path: Path) -> bytes:
    return bytes.fromhex(path.parent.name + path.name)


def _last_pass() -> float:
    try:
        return (_folder() / "swept").stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _note_pass() -> None:
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    (_folder() / "swept").touch()


def _aside() -> Path:
    return _folder() / "aside"


def _folder() -> Path:
    return Path(settings.STORE_DIR)
