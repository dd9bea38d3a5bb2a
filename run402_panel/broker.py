"""The filesystem broker with messages that appear whole, and soon.

Kombu's own transport opens a message under its final name and then writes it. A reader that comes in between takes an
empty file, and its worker dies of it. Here a message is written under a name that no reader looks for, then renamed.

Reading a folder costs more than asking when it changed, so that is asked more often than the polling interval: a
message is found after two milliseconds, not ten, in the middle.
"""

from __future__ import annotations

import functools
import os
import uuid
from math import inf
from pathlib import Path
from queue import Empty
from time import monotonic, sleep
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

STEP_SECONDS = 0.005


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

    def drain_events(  # type: ignore[override]  # as Kombu's own virtual transport has it
        self, connection: Any, timeout: float | None = None
    ) -> None:
        """Deliver the next message; raise TimeoutError when none comes in time."""
        end = monotonic() + timeout if timeout is not None else inf
        channels: Any = self.cycle
        while True:
            stamp = self._stamp()  # before the look: what comes meanwhile changes it
            try:
                channels.get(self._deliver, timeout=timeout)
            except Empty:
                if monotonic() >= end:
                    raise TimeoutError from None
                self._rest(stamp, end)
            else:
                return

    def _rest(self, stamp: int, end: float) -> None:
        """Wait until the folder changes, but not beyond a polling interval: the clock of time stamps is coarse."""
        look = min(end, monotonic() + (self.polling_interval or 0.0))
        while monotonic() < look and self._stamp() == stamp:
            sleep(STEP_SECONDS)

    def _stamp(self) -> int:
        """Return when the folder was changed last, in nanoseconds."""
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return 0

    @functools.cached_property
    def _folder(self) -> Path:
        options = (self.client and self.client.transport_options) or {}
        return Path(options.get("data_folder_in", "data_in"))


def install() -> None:
    """Make `filesystem://` use this transport, in every process that imports the Celery application."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
