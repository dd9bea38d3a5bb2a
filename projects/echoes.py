"""Keeps a secret that a gateway repeats in its refusal out of what the panel stores and shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.utils.translation import gettext as _

from run402.errors import Run402Error

#: Shorter secrets count as repeated only where they stand as a word: “1” or “on” is in many sentences.
SHORT = 6
_WORDS = ("code", "category", "trace_id", "mutation_state")


@contextmanager
def unrepeated(said: str, secret: str) -> Iterator[None]:
    """Run a call that sends `secret`. A refusal that repeats it goes on with `said` in place of the gateway's words.

    Class, status, code and trace id stay, so that what is decided by them is decided alike.
    """
    try:
        yield
    except Run402Error as error:
        if secret and _repeats(error, secret):
            _hush(error, said, secret)
        raise


@contextmanager
def key_unrepeated(key: str) -> Iterator[None]:
    """Run a call with a project's service key, as `unrepeated` does."""
    said = _("Run402 refused and repeated the project's service key; its words were not kept.")
    with unrepeated(said, key):
        yield


def _repeats(error: Run402Error, secret: str) -> bool:
    parts = [error.message, str(error), error.hint, error.details, error.next_actions, error.body]
    parts += [getattr(error, name) for name in _WORDS]
    return any(_holds(text, secret) for text in _texts(parts))


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a JSON value: names, texts and numbers, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)


def _holds(text: str, secret: str) -> bool:
    """Say whether a text repeats the secret, as it is or as JSON writes it."""
    written = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    if len(secret) >= SHORT:
        return any(one in text for one in written)
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) for one in written)


def _hush(error: Run402Error, said: str, secret: str) -> None:
    error.message, error.args = said, (said,)
    error.hint, error.details, error.next_actions, error.body = None, {}, [], None
    if _holds(error.code, secret):
        error.code = error.default_code
    if _holds(error.category, secret):
        error.category = error.default_category
    if _holds(error.trace_id or "", secret):
        error.trace_id = None
    if _holds(error.mutation_state, secret):
        error.mutation_state = "unknown"
