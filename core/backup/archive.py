"""The file: a tar that is written and read once through, front to back.

head.json                     what this is, so that a foreign file is refused at once
tables/<model>/<number>       rows as lines of JSON, a few megabytes in each part
<folder>/<sha256>             stored files
manifest.json                 what there has to be, with the digest of each part
manifest.sha256               the digest of the manifest
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, Any

FORMAT, VERSION = "run402-panel-backup", 1
HEAD, MANIFEST, SEAL = "head.json", "manifest.json", "manifest.sha256"
TABLES = "tables"


class BackupError(Exception):
    """Why there is no backup, or why nothing was restored: one sentence or two for whoever ran the command."""


@dataclass
class Shelf:
    """The stored files of one folder. `damaged` ones did not hold what their names say when they were read."""

    files: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass
class Manifest:
    """What a backup holds, when it was made, and by what."""

    panel: str
    made_at: str
    engine: str
    migrations: list[list[str]]
    tables: dict[str, int] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Shelf] = field(default_factory=dict)
    format: str = FORMAT
    version: int = VERSION

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Return it as it was written. Raises ValueError, KeyError or TypeError for anything else."""
        found: dict[str, Any] = json.loads(content)
        folders = {name: Shelf(**shelf) for name, shelf in found.pop("folders").items()}
        return cls(**found, folders=folders)


class Writer:
    """Adds members to a tar that may be a pipe."""

    def __init__(self, out: IO[bytes]) -> None:
        # Not “w|”: when the disk is full, that one tries to write once more when it is collected.
        self._tar = tarfile.open(fileobj=_Forward(out), mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, content: bytes) -> str:
        """Add a member; return its digest."""
        return self.add_file(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, file: IO[bytes], size: int) -> str:
        """Add a member from an open file; return the digest of what was read."""
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(time.time())
        reader = Hashing(file)
        self._tar.addfile(member, reader)
        return reader.digest

    def close(self) -> None:
        """Write the end of the tar."""
        self._tar.close()


class _Forward(io.RawIOBase):
    """A file that is only ever written to its end, such as a pipe, which does not say how far it is."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out, self._written = out, 0

    def tell(self) -> int:
        return self._written

    def write(self, content: Any, /) -> int:
        self._out.write(content)
        self._written += len(content)
        return len(content)


class Hashing(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self._sha256 = file, hashlib.sha256()

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = self._file.read(-1 if size is None else size)
        self._sha256.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        return self._sha256.hexdigest()


def head(manifest: Manifest) -> Mapping[str, Any]:
    """Return what stands in front."""
    return {"format": manifest.format, "version": manifest.version, "panel": manifest.panel}
