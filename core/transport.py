"""How browsers reach the panel, and what they allow there."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def is_secure_context(url: str) -> bool:
    """Say whether browsers give a page at `url` WebCrypto, passkeys and `__Host-` cookies: https, or this machine.

    A name is needed: at http://127.0.0.1 there are no passkeys.

    >>> [is_secure_context(url) for url in ("https://panel.lan", "http://localhost:8000", "http://panel.lan")]
    [True, True, False]
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")


def secure_context() -> bool:
    """Say whether passkeys, keys and real money may be offered at the panel's own address (PANEL_URL)."""
    return bool(settings.SECURE_CONTEXT)
