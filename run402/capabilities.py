"""What a gateway can do, found out by asking for things without any credential.

Only reads are sent. An endpoint that is there says so by wanting a credential; one that is not answers 404, 405, 410 or
501. A gateway that answers alike for an address that cannot exist tells nothing, and then nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from run402 import errors
from run402.answers import Answer, api_error
from run402.reading import Document
from run402.wire import Call, Wire

Kind = Literal["cloud", "core", "unknown"]

_NOT_THERE = frozenset({404, 405, 410, 501})
_NOWHERE = "/run402-no-such-endpoint"
_CORE = "/capabilities/v1"
_PROBES = {
    "tiers": "/tiers/v1",
    "projects": "/projects/v1",
    "releases": "/apply/v1/releases/active",
    "operations": "/apply/v1/operations",
    "resolve": "/apply/v1/resolve?host=example.invalid",
    "subdomains": "/subdomains/v1",
    "domains": "/domains/v1",
    "organizations": "/orgs/v1",
}
# Sentences rather than codes: ``python -m run402`` prints them as they are.
_MEANING = {
    "tiers": "a price list, paid by wallets",
    "projects": "the newer list of projects",
    "releases": "reading releases",
    "operations": "following releases",
    "resolve": "explaining what an address serves",
    "subdomains": "claiming names",
    "domains": "domains of one's own",
    "organizations": "organizations",
}


@dataclass(frozen=True)
class Capability:
    """One thing a gateway has, lacks, or does not tell (None).

    >>> Capability("tiers", True).meaning
    'a price list, paid by wallets'
    """

    name: str
    available: bool | None

    @property
    def meaning(self) -> str:
        return _MEANING.get(self.name, self.name)


@dataclass(frozen=True)
class Capabilities:
    """What was found. ``raw`` is what a Core tells of itself.

    >>> Capabilities("https://api.run402.com", "cloud", (Capability("tiers", True),), {}).has("tiers")
    True
    """

    base_url: str
    kind: Kind
    found: tuple[Capability, ...]
    raw: Document = field(repr=False)

    def has(self, name: str) -> bool | None:
        """Whether it is there; None when the gateway does not tell."""
        return next((item.available for item in self.found if item.name == name), None)


def probe(wire: Wire) -> Capabilities:
    """Ask for everything once. Raises TransportError when the gateway cannot be reached."""
    nowhere = wire.send(Call("GET", _NOWHERE))
    told = wire.send(Call("GET", _CORE))
    core = told.ok and isinstance(told.body, dict)
    found = tuple(_asked(wire, nowhere))
    priced = any(item.name == "tiers" and item.available for item in found)
    kind: Kind = "core" if core else "cloud" if priced else "unknown"
    return Capabilities(wire.base_url, kind, found, told.body if core else {})


def _asked(wire: Wire, nowhere: Answer) -> Iterator[Capability]:
    for name, path in _PROBES.items():
        answer = wire.send(Call("GET", path))
        yield Capability(name, _there(answer, nowhere))


def _there(answer: Answer, nowhere: Answer) -> bool | None:
    if answer.ok:
        # A site's catch-all page answers 200 to anything; an API answers in JSON.
        return isinstance(answer.body, dict | list)
    if answer.status in _NOT_THERE:
        return answer.status == 404 and _names_something_else(answer)
    return None if answer.status == nowhere.status or answer.status >= 500 else True


def _names_something_else(answer: Answer) -> bool:
    """A 404 of the endpoint itself, about what was asked for, has a code of its own."""
    code = api_error(answer).code
    return code not in (errors.NotFound.default_code, "ROUTE_NOT_FOUND")
