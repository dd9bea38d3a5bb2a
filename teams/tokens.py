"""One-time tokens: whoever holds one may do one thing. Only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Token:
    """A fresh token; its text goes to one person and nowhere else."""

    text: str = field(repr=False)

    @classmethod
    def fresh(cls) -> Token:
        """Return 256 bits of chance, fit for an address."""
        return cls(secrets.token_urlsafe(32))

    @property
    def digest(self) -> str:
        """What is stored."""
        return digest(self.text)


def digest(text: str) -> str:
    """Return the SHA-256 under which a token is found."""
    return hashlib.sha256(text.encode()).hexdigest()
