"""What an address that a person gives may look like, decided without asking the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Refusal

LONGEST = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
#: A last label that a resolver would read as a number makes the whole name an address (0x7f.1, 017700000001).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True)
class Target:
    """An address that may be asked for, taken apart once: what was checked is what is asked.

    `host` is plain ASCII; `exempt`: the operator lets it be private.
    """

    scheme: str
    host: str
    port: int
    path: bytes
    exempt: bool = False

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class Rules:
    """What the operator allows. `allow` holds whole origins, which may be private, on any port, with http."""

    http: bool = False
    ports: frozenset[int] = frozenset()
    allow: frozenset[str] = frozenset()

    @classmethod
    def of_the_operator(cls) -> Self:
        """Return the rules of the PANEL_OUTGOING_ settings."""
        return cls(settings.OUTGOING_HTTP, settings.OUTGOING_PORTS, settings.OUTGOING_ALLOW)

    def check(self, url: str) -> Target:
        """Return where the address leads. Raises Refusal with a sentence for the form's field."""
        target = self._parsed(url)
        if target.exempt:
            return target
        if target.scheme != "https" and not self.http:
            raise refusal(_("It must start with https://."))
        if target.port not in self._ports(target.scheme):
            raise refusal(_("Port %(port)s is not allowed here. Leave it out.") % {"port": target.port})
        labels = target.host.split(".")
        if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
            raise refusal(
                _("It needs the name of a host, such as hooks.example.com; an IP address will not do.")
            )
        return target

    def _ports(self, scheme: str) -> frozenset[int]:
        return self.ports | {DEFAULT_PORTS[scheme]}

    def _parsed(self, url: str) -> Target:
        if not 0 < len(url) <= LONGEST or not url.isprintable() or any(c in url for c in " \\"):
            raise refusal(_("It is empty, too long, or has characters that no address has."))
        try:
            parts, parsed = urlsplit(url), httpx.URL(url)
            host, port = parsed.raw_host.decode("ascii").lower(), parts.port
        except (ValueError, httpx.InvalidURL, UnicodeError):
            raise refusal(_("It is not an address that can be read.")) from None
        if parts.scheme not in DEFAULT_PORTS or not host:
            raise refusal(_("It must start with https://."))
        if "@" in parts.netloc:
            raise refusal(
                _("It must hold no user name and no password. Send a signature or a token instead.")
            )
        port = DEFAULT_PORTS[parts.scheme] if port is None else port
        target = Target(parts.scheme, host, port, parsed.raw_path)
        return replace(target, exempt=target.origin in self.allow)


def refusal(reason: str) -> Refusal:
    """Return the refusal of an address, which says why."""
    sentence = _("The panel does not call this address. %(reason)s") % {"reason": reason}
    return Refusal("ADDRESS_REFUSED", sentence, field="url")
