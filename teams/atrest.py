"""Locks what the web process itself must read back: session data, seeds of authenticator apps, recovery codes.

The key is derived from PANEL_SECRET_KEY by HKDF-SHA256, one for each purpose, so a stolen database or backup without
that variable opens nothing. Keys of wallets are not locked here: web cannot open those at all (wallets.vault).
"""

from __future__ import annotations

import base64
import functools

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The text was locked with another PANEL_SECRET_KEY, or changed since."""


def lock(purpose: str, data: bytes) -> str:
    """Return the data encrypted (AES-128-CBC with HMAC-SHA256), as text."""
    return _box(purpose, _secrets()).encrypt(data).decode()


def unlock(purpose: str, text: str) -> bytes:
    """Return what was locked for the same purpose; raise Unreadable for anything else."""
    try:
        return _box(purpose, _secrets()).decrypt(text)
    except InvalidToken:
        raise Unreadable(f"not locked for {purpose} with this PANEL_SECRET_KEY") from None


def _secrets() -> tuple[str, ...]:
    """Return the key in use, then the ones it replaced, which still open."""
    return (settings.SECRET_KEY, *(str(key) for key in settings.SECRET_KEY_FALLBACKS))


@functools.lru_cache(maxsize=16)
def _box(purpose: str, secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(purpose, secret)) for secret in secrets])


def _derived(purpose: str, secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"run402-panel/{purpose}".encode())
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
