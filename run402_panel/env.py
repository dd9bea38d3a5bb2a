"""Reads the panel's environment once, with types, and stops the start with a sentence that says what to do.

Every variable also accepts NAME_FILE, so that secrets can come from files (Docker and systemd credentials).
"""

import contextlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from environs import EnvError, FileAwareEnv

ENVIRONMENTS = ("development", "demo", "test", "production")
GATEWAY_KINDS = ("cloud", "core", "sandbox")


@dataclass(frozen=True)
class GatewayConfig:
    """One gateway from the operator's list (PANEL_GATEWAYS)."""

    slug: str
    name: str
    kind: str
    url: str
    rpc: tuple[str, ...]


CLOUD = GatewayConfig(
    slug="cloud",
    name="Run402 Cloud",
    kind="cloud",
    url="https://api.run402.com",
    rpc=(
        "https://sepolia.base.org",
        "https://base-sepolia-rpc.publicnode.com",
        "https://base-sepolia.drpc.org",
        "https://mainnet.base.org",
        "https://base-rpc.publicnode.com",
        "https://1rpc.io/base",
    ),
)


def stop(sentence: str) -> NoReturn:
    """End the start with one sentence for the operator."""
    sys.exit(f"Run402 Panel cannot start: {sentence}")


class PanelEnv(FileAwareEnv):
    """`FileAwareEnv` whose errors are sentences."""

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string variable; `default=None` makes it compulsory."""
        try:
            return (self.str(name) if default is None else self.str(name, default)).strip()
        except (EnvError, ValueError) as error:
            stop(f"{name} is not usable ({error}). Set {name} or {name}_FILE.")

    def keyset(self, name: str) -> str | Path:
        """Return a keyset's text, or the path in NAME_FILE: that file is read again whenever it was replaced."""
        path = os.environ.get(f"{name}_FILE", "").strip()
        return Path(path) if path else self.text(name, "")

    def whole(self, name: str, default: int) -> int:
        """Return a whole number."""
        try:
            return self.int(name, default)
        except (EnvError, ValueError):
            stop(f"{name} must be a whole number.")

    def days(self, name: str, default: int) -> int:
        """Return a whole number of days; 0 stands for ever."""
        days = self.whole(name, default)
        if not 0 <= days <= 36_500:
            stop(f"{name} must be a number of days, or 0 for ever.")
        return days

    def rates(self, name: str, default: float) -> dict[str, float]:
        """Return requests a second by gateway, from `20` or `20,cloud=5`; "" stands for all others, 0 is no limit."""
        rates = {"": default}
        for part in filter(None, self.text(name, "").replace(" ", "").split(",")):
            slug, _equals, number = part.rpartition("=")
            try:
                rates[slug] = float(number)
            except ValueError:
                rates[slug] = -1.0
            if not 0 <= rates[slug] < 100_000:
                stop(f"{name} must be a number of requests a second, with others by gateway: 20,cloud=5.")
        return rates

    def environment(self) -> str:
        """Return PANEL_ENV, one of ENVIRONMENTS."""
        value = self.text("PANEL_ENV", "development")
        if value not in ENVIRONMENTS:
            stop(f"PANEL_ENV is {value!r}, but it must be one of {', '.join(ENVIRONMENTS)}.")
        return value


def read() -> PanelEnv:
    """Return the environment reader; a readable file named by NAME_FILE wins over NAME."""
    for name, value in os.environ.items():
        if name.startswith("PANEL_") and name.endswith("_FILE") and not Path(value).is_file():
            stop(f"{name} names {value!r}, which is not a readable file.")
    return PanelEnv()


def gateways(text: str, *, production: bool) -> tuple[GatewayConfig, ...]:
    """Parse PANEL_GATEWAYS: a JSON list of {slug, name, kind, url, rpc}; Cloud is always there."""
    try:
        rows = json.loads(text or "[]")
        extra = tuple(_gateway(row) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        stop(f"PANEL_GATEWAYS must be a JSON list of objects with slug, name, kind, url and rpc ({error}).")
    if production and any(g.kind == "sandbox" for g in extra):
        stop("PANEL_GATEWAYS names a sandbox, which must never run beside a production panel. Remove it.")
    return (CLOUD, *extra)


SMTP_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


@dataclass(frozen=True)
class SmtpConfig:
    """The mail server of PANEL_SMTP_URL. `start_tls` begins in clear, `tls` does not."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    start_tls: bool
    tls: bool


def smtp(url: str) -> SmtpConfig | None:
    """Parse PANEL_SMTP_URL; None when it is empty. Never says what it was given: there is a password in it."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or SMTP_SCHEMES[parts.scheme]
        host = parts.hostname or ""
    except (ValueError, KeyError):
        port, host = 0, ""
    if not host or not port:
        stop("PANEL_SMTP_URL must look like smtp+tls://user:password@host:587 (or smtp://, or smtps://).")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpConfig(host, port, user, password, parts.scheme == "smtp+tls", parts.scheme == "smtps")


def mail_from(text: str) -> str:
    """Check PANEL_MAIL_FROM: an address, with a name in front or not; empty means that no mail is sent."""
    if text and ("@" not in parseaddr(text)[1] or len(text.splitlines()) > 1):
        stop("PANEL_MAIL_FROM must be an address, such as Run402 Panel <panel@example.com>.")
    return text


def _gateway(row: dict[str, object]) -> GatewayConfig:
    parts = urlsplit(str(row["url"]))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{row['url']!r} is not an http or https address")
    if row["kind"] not in GATEWAY_KINDS:
        raise ValueError(f"kind {row['kind']!r} is not one of {', '.join(GATEWAY_KINDS)}")
    rpc = row.get("rpc") or []
    if not isinstance(rpc, list):
        raise ValueError("rpc must be a list of addresses")
    return GatewayConfig(
        slug=str(row["slug"]),
        name=str(row["name"]),
        kind=str(row["kind"]),
        url=str(row["url"]).rstrip("/"),
        rpc=tuple(str(url) for url in rpc),
    )


def issuer(text: str, *, local: bool) -> str:
    """Return PANEL_OIDC_ISSUER as it stands: tokens must name the very same text."""
    parts = urlsplit(text)
    schemes = ("https", "http") if local else ("https",)
    if text and (parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment):
        stop(f"PANEL_OIDC_ISSUER {text!r} is not an https address.")
    return text


def ports(text: str) -> frozenset[int]:
    """Parse PANEL_OUTGOING_PORTS: port numbers separated by commas."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isascii() and word.isdecimal() and 0 < int(word) < 65536 for word in found):
        stop(f"PANEL_OUTGOING_PORTS is {text!r}, but it must be port numbers separated by commas.")
    return frozenset(map(int, found))


def origins(text: str) -> frozenset[str]:
    """Parse PANEL_OUTGOING_ALLOW: http or https origins separated by commas, such as http://ci.internal:8080."""
    found = [word.strip().rstrip("/").lower() for word in text.split(",") if word.strip()]
    return frozenset(map(_origin, found))


def _origin(text: str) -> str:
    """Return the origin with its port. A path, a password or a port that is none stops the start."""
    try:
        parts = urlsplit(text)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        stop(f"PANEL_OUTGOING_ALLOW names {text!r}; write origins such as https://hooks.internal.")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if not host or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        stop(f"PANEL_OUTGOING_ALLOW names {text!r}; write scheme, host and port only.")
    return f"{parts.scheme}://{host}:{port}"


def create_once(path: Path, text: str) -> None:
    """Make a file with its content in one step, unless it is there: nobody ever sees it empty."""
    if path.exists():
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-") as file:
        file.write(text)
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
