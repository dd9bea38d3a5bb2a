"""Paths and credentials of requests, checked before they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def route(template: str, *names: str, query: Mapping[str, str | int | None] | None = None) -> str:
    """Fill the ``{}`` of ``template`` with ``names``, each quoted as one segment; None in ``query`` is left out.

    >>> route("/apply/v1/plans/{}/commit", "a/b")
    '/apply/v1/plans/a%2Fb/commit'

    Raises ValueError for a name that would change the path's shape (empty, ``.``, ``..``).
    """
    path = template.format(*(_segment(name) for name in names))
    given = {key: value for key, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def anon(anon_key: str) -> dict[str, str]:
    """The project's public credential (contract: apply 0.3, anon_key)."""
    return {"apikey": _key(anon_key)}


def bearer(service_key: str) -> dict[str, str]:
    """The project's own credential (contract: apply 0.3, service_key)."""
    return {"Authorization": f"Bearer {_key(service_key)}"}


def _segment(name: str) -> str:
    if name in ("", ".", ".."):
        raise ValueError("A name in a path must not be empty or made of dots.")
    return quote(name, safe="")


def _key(key: str) -> str:
    # Checked here, without repeating it: an HTTP library would name the offending header value in its own
    # error.
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("This project key is empty or has characters that no key has.")
    return key
