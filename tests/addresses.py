"""Every address of the URLconf by its name, and some example of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, PathConverter, SlugConverter, StringConverter, UUIDConverter
from django.urls.resolvers import RoutePattern

EXAMPLES: dict[type, Any] = {
    UUIDConverter: uuid.UUID(int=1),
    SlugConverter: "x",
    StringConverter: "x",
    IntConverter: 1,
    PathConverter: "x/y",
}


def addresses(patterns: list[URLPattern | URLResolver], room: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield name and pattern of everything below."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else room
            yield from addresses(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{room}{pattern.name}", pattern


ADDRESSES = dict(addresses(get_resolver("run402_panel.urls").url_patterns))


def converters_of(name: str) -> dict[str, type]:
    """Return the parameters of an address and what converts them."""
    pattern = ADDRESSES[name].pattern
    found = pattern.converters if isinstance(pattern, RoutePattern) else {}
    return {key: type(converter) for key, converter in found.items()}


def url_of(name: str) -> str:
    """Return some address under the name; whether what it speaks of exists does not matter."""
    return reverse(name, kwargs={key: EXAMPLES[kind] for key, kind in converters_of(name).items()})
