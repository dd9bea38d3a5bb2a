"""The filesystem broker with messages that appear whole.

Kombu's own transport opens a message under its final name and then writes it. A reader that comes in between takes an
empty file, and its worker dies of it. Here a message is written under a name that no reader looks for, then renamed.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Kombu's channel, with an atomic put."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu names it
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}"
        folder = Path(self.data_folder_out)
        draft = folder / f"{name}.draft"
        draft.write_text(dumps(payload), encoding="utf-8")
        os.replace(draft, folder / f"{name}.{queue}.msg")  # noqa: PTH105 - says that it is atomic


class Transport(filesystem.Transport):
    """What `filesystem://` means in this project."""

    Channel = Channel


def install() -> None:
    """Make `filesystem://` use this transport, in every process that imports the Celery application."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
