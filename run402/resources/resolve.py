"""Why an address shows what it shows: asking the gateway, and saying its answer in a sentence (contract: apply 3.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from run402 import reading
from run402.reading import Document
from run402.resources.verdicts import (
    AUTHORIZATIONS,
    CAS_FAILURES,
    FALLBACKS,
    MATCHES,
    STEPS,
    category,
    sentence,
)
from run402.routes import anon, route
from run402.wire import Call, Wire

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\]")
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_PASSING = frozenset({None, "authorized", "not_applicable"})


@dataclass(frozen=True)
class Resolution:
    """The gateway's answer. Its words are open sets: unknown ones stay as they are.

    >>> read_resolution({"hostname": "a.run402.com", "result": 404, "match": "host_missing"}).category
    'host'
    """

    hostname: str | None
    result: int
    match: str
    authorized: bool
    authorization_result: str | None
    fallback_state: str | None
    release_id: str | None
    normalized_path: str | None
    asset_path: str | None
    content_type: str | None
    cache_class: str | None
    route: Document | None
    cas_object: Document | None
    allow: tuple[str, ...]
    raw: Document = field(repr=False)
    ignored: tuple[str, ...] = ()

    @property
    def would_serve(self) -> bool:
        """Whether a request would be answered with content."""
        passes = self.authorized and self.authorization_result in _PASSING
        found = 200 <= self.result < 400 and self.match not in ("host_missing", "route_method_miss")
        return passes and found and not self.bytes_missing

    @property
    def bytes_missing(self) -> bool:
        """Whether the stored bytes themselves are what is wrong."""
        stored = self.cas_object or {}
        expected, actual = stored.get("expected_size"), stored.get("actual_size")
        wrong_size = None not in (expected, actual) and expected != actual
        return self.authorization_result in CAS_FAILURES or stored.get("exists") is False or wrong_size

    @property
    def category(self) -> str:
        """What is to be looked at: cas, route_method, release, manifest, route, static, host, path, fallback, miss."""
        return "cas" if self.bytes_missing else category(self.match, self.fallback_state)

    @property
    def summary(self) -> str:
        """One sentence for people."""
        if self.authorization_result not in _PASSING:
            return sentence(AUTHORIZATIONS, self.authorization_result)
        if self.match == "none" and self.fallback_state is not None:
            return f"{sentence(MATCHES, self.match)} {sentence(FALLBACKS, self.fallback_state)}"
        return sentence(MATCHES, self.match)

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What may help, as the contract's codes, best first; nothing when it would serve."""
        return () if self.would_serve else STEPS.get(self.category, ("inspect_resolution",))


class ResolveResource:
    """``client.resolve``: called directly, with a URL or a host.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"hostname": "a.run402.com", "result": 200, "match": "static_exact", "authorized": True}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.resolve("https://a.run402.com/", anon_key="anon").would_serve
    True
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __call__(
        self,
        url: str | None = None,
        *,
        anon_key: str,
        host: str | None = None,
        path: str | None = None,
        method: str | None = None,
    ) -> Resolution:
        """What a request would meet. Give a URL, or a host with an optional path, never both.

        A URL's query and fragment are not looked at by gateways; ``ignored`` of the answer names what was left out.
        Raises ValueError for what is no URL, host, path or method.
        """
        if (url is None) == (host is None):
            raise ValueError("Give either a URL or a host.")
        ignored: tuple[str, ...] = ()
        if url is not None:
            if path is not None:
                raise ValueError("A URL has its path already.")
            host, path, ignored = _of_url(url)
        query = {"host": _host(host or ""), "path": _path(path), "method": _method(method)}
        call = Call("GET", route("/apply/v1/resolve", query=query), headers=anon(anon_key))
        return self._wire.read(call, lambda doc: read_resolution(doc, ignored))


def read_resolution(doc: Document, ignored: tuple[str, ...] = ()) -> Resolution:
    return Resolution(
        hostname=reading.text(doc, "hostname"),
        result=reading.need_number(doc, "result"),
        match=reading.need_text(doc, "match"),
        authorized=reading.flag(doc, "authorized") is True,
        authorization_result=reading.text(doc, "authorization_result"),
        fallback_state=reading.text(doc, "fallback_state"),
        release_id=reading.text(doc, "release_id"),
        normalized_path=reading.text(doc, "normalized_path"),
        asset_path=reading.text(doc, "asset_path"),
        content_type=reading.text(doc, "content_type"),
        cache_class=reading.text(doc, "cache_class"),
        route=reading.optional_mapping(doc, "route"),
        cas_object=reading.optional_mapping(doc, "cas_object"),
        allow=reading.strings(doc, "allow"),
        raw=doc,
        ignored=ignored,
    )


def _of_url(url: str) -> tuple[str, str, tuple[str, ...]]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("This is not a URL.") from None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise ValueError("Give an absolute http or https URL without a user name.")
    present = {"query_ignored": parts.query, "fragment_ignored": parts.fragment}
    return host, parts.path or "/", tuple(name for name, value in present.items() if value)


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("A host is a bare name such as guestbook.run402.com.")
    return host


def _path(path: str | None) -> str | None:
    if path is not None and (not path.startswith("/") or "?" in path or "#" in path):
        raise ValueError("A path starts with “/” and has neither query nor fragment.")
    return path


def _method(method: str | None) -> str | None:
    if method is not None and not _METHOD.fullmatch(method):
        raise ValueError("A method is a word such as GET.")
    return method and method.upper()
