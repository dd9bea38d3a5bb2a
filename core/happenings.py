"""How a room says that something happened of which people should hear; the room of notifications tells them.

    happenings.tell(Happening("payment.unknown", object_id=str(payment.pk), occurrence="", title=..., team_id=...))

Telling writes rows within the caller's transaction and never raises: what went wrong is taken back and logged, and the
caller's own work goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction

from core.registry import Registry

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Happening:
    """Something that happened. `event` names its type; with object and occurrence it is told to nobody twice.

    `title` and `text` leave the panel by mail and webhook; `detail` is read inside only. `people` None: whoever the
    type of event is for. `team_id` None: the instance itself, for its operators. `mailed`: a letter told of it already.
    """

    event: str
    object_id: str
    occurrence: str
    title: str
    text: str = ""
    detail: str = ""
    url: str = ""
    team_id: UUID | None = None
    project_id: UUID | None = None
    wallet_id: UUID | None = None
    people: frozenset[UUID] | None = None
    mailed: bool = False


Teller = Callable[[Happening], None]

tellers: Registry[Teller] = Registry("teller of happenings")
#: What rooms find in their rows by themselves, asked every minute; what was told is not told again.
watches: Registry[Callable[[], Iterable[Happening]]] = Registry("watch for happenings")


def tell(happening: Happening) -> None:
    """Hand it to whoever tells people. A teller with a bug takes back its own rows and nothing else."""
    for name, teller in tellers.items():
        try:
            with transaction.atomic():
                teller(happening)
        except Exception:
            log.exception("happening_not_told", teller=name, happening=happening.event)
