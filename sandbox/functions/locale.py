"""The visitor's language, for routed functions of an app that lists some (apply 2.3.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import cookie_parser


def locale_headers(i18n: Mapping[str, Any] | None, headers: Mapping[str, str]) -> dict[str, str]:
    """The chosen and the default locale; empty where the app lists none."""
    if not i18n:
        return {}
    known = {str(tag).lower(): str(tag) for tag in i18n["locales"]}
    default = str(i18n["default_locale"])
    wishes = (wish for source in i18n["detect"] for wish in _wishes(source, headers))
    chosen = next((known[wish] for wish in wishes if wish in known), default)
    return {"x-run402-locale": chosen, "x-run402-default-locale": default}


def _wishes(source: str, headers: Mapping[str, str]) -> Iterator[str]:
    """Lower-case tags, best first; of `de-AT` also `de`."""
    if source.startswith("cookie:"):
        value = cookie_parser(headers.get("cookie", "")).get(source.removeprefix("cookie:"))
        yield from [value.lower()] if value else []
        return
    for tag in _accepted(headers.get("accept-language", "")):
        yield tag
        yield tag.split("-")[0]


def _accepted(header: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.strip().lower()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda pair: pair[0]) if weight < 0]
