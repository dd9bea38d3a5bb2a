"""Folders of content-addressed files that are part of a backup. A room that has one registers it in its `apps.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

from core.registry import Registry


class Folder(Protocol):
    """Files named by the SHA-256 of what they hold. One that is there never changes."""

    def names(self) -> Iterator[str]:
        """Yield the digests of all files."""

    def open(self, name: str) -> BinaryIO:
        """Open one for reading; raise LookupError when it is gone."""

    def put(self, chunks: Iterable[bytes]) -> str:
        """Store a file and return its digest."""

    def has(self, name: str) -> bool:
        """Say whether it is there."""

    def remove(self, name: str) -> None:
        """Take away a file that a restore which failed has added."""


#: By the name that the files' folder has in a backup.
folders: Registry[Folder] = Registry("folder of a backup")
