"""What somebody has confirmed lately in this browser, and what waits for a confirmation.

Both stand in the session's data, which is locked. A confirmation holds for one action on one object, for five minutes.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

HOLDS_SECONDS = 5 * 60
#: How long the page that asks may stay open.
WAITS_SECONDS = 10 * 60
MOST_WAITING = 5
MOST_BYTES = 16 * 1024

_HELD = "confirmed"
_WAITING = "to_confirm"
#: A field whose name holds one of these is never carried along.
SECRET_WORDS = (
    "password",
    "secret",
    "token",
    "key",
    "seed",
    "mnemonic",
    "phrase",
    "credential",
    "code",
    "value",
)


@dataclass(frozen=True)
class Waiting:
    """A request that waits: what it is for, and how it goes on. `fields` None: it had more than may be carried."""

    id: str
    key: str
    words: str
    path: str
    method: str
    fields: list[list[str]] | None
    at: float

    @property
    def repeats(self) -> bool:
        """Whether what was sent is sent again; else the page is opened anew."""
        return self.method == "POST" and self.fields is not None


def holds(request: HttpRequest, key: str) -> bool:
    """Say whether this very thing was confirmed within the last five minutes."""
    return is_fresh((request.session.get(_HELD) or {}).get(key, 0))


def is_fresh(at: float) -> bool:
    """Say whether a moment lies within the last five minutes."""
    return 0 <= time.time() - at <= HOLDS_SECONDS


def note(request: HttpRequest, key: str) -> None:
    """Remember that it was confirmed now."""
    now = time.time()
    held = request.session.get(_HELD) or {}
    fresh = {name: at for name, at in held.items() if now - at <= HOLDS_SECONDS}
    request.session[_HELD] = fresh | {key: now}


def wait(request: HttpRequest, key: str, words: str, carry: Iterable[str] | None) -> Waiting:
    """Keep a request until it is confirmed, and return it with the id under which the page finds it."""
    method = "POST" if request.method == "POST" else "GET"
    fields = _carried(request, carry) if method == "POST" else None
    waiting = Waiting(
        secrets.token_urlsafe(12), key, words, request.get_full_path(), method, fields, time.time()
    )
    kept = [one for one in _all(request) if one.at > time.time() - WAITS_SECONDS][-(MOST_WAITING - 1) :]
    _store(request, [*kept, waiting])
    return waiting


def find(request: HttpRequest, waiting_id: str) -> Waiting | None:
    """Return what waits under the id in this browser, while it does."""
    since = time.time() - WAITS_SECONDS
    return next((one for one in _all(request) if one.id == waiting_id and one.at > since), None)


def done(request: HttpRequest, waiting: Waiting) -> None:
    """Note the confirmation; nothing waits for it any more."""
    note(request, waiting.key)
    _store(request, [one for one in _all(request) if one.id != waiting.id])


def _all(request: HttpRequest) -> list[Waiting]:
    rows: list[dict[str, Any]] = request.session.get(_WAITING) or []
    return [Waiting(**row) for row in rows]


def _store(request: HttpRequest, waiting: list[Waiting]) -> None:
    request.session[_WAITING] = [asdict(one) for one in waiting]


def _carried(request: HttpRequest, carry: Iterable[str] | None) -> list[list[str]] | None:
    """Return the fields as pairs; None as soon as one may not be carried, since half a form is another form."""
    if request.FILES:
        return None
    allowed = None if carry is None else set(carry)
    pairs = [
        [name, str(value)]
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    if any(not _may_be_carried(name, allowed) for name, _value in pairs):
        return None
    size = sum(len(name) + len(value) for name, value in pairs)
    return pairs if size <= MOST_BYTES else None


def _may_be_carried(name: str, allowed: set[str] | None) -> bool:
    if allowed is not None:
        return name in allowed
    return not any(word in name.lower() for word in SECRET_WORDS)
