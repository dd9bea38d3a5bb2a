"""How a room below sends a letter: it hands it over here, and the room of notifications carries it.

if not letters.post(Letter(to=email, subject=..., text=...)):
    ...  # this instance sends no mail: show the link once instead
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from core.registry import Registry


@dataclass(frozen=True)
class Letter:
    """A plain-text letter. `text` may hold a one-time link: it is sealed before it is stored."""

    to: str
    subject: str
    text: str
    team_id: UUID | None = None


Carrier = Callable[[Letter], bool]

carriers: Registry[Carrier] = Registry("carrier of letters")


def post(letter: Letter) -> bool:
    """Hand the letter to the first carrier that takes it; False when this instance sends no mail."""
    return any(carrier(letter) for carrier in carriers)
