"""Changes keyset files: a new key, its promotion, the end of the old ones. Processes notice without a restart.

A keyset lists its keys by age: older ones stand before the primary, a new one that nobody writes with yet behind it.
Files are replaced by renaming, so that a reader sees the old one or the new one; what was before stays until `retire`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.keysets import UnusableKeyset, parse
from wallets import keysets

BACKUP = ".before-"


class RotationError(Exception):
    """Why a step cannot be taken now, with what to do first."""


@dataclass(frozen=True)
class Files:
    """Where one keyset stands: its name, the file with the secret keys, and the public one if it has one."""

    name: str
    secret: str
    public: str = ""


FILES = {
    "vault": Files("vault", keysets.PRIVATE, keysets.PUBLIC),
    "policy": Files("policy", keysets.POLICY_MAC),
    "results": Files("results", keysets.RESULTS),
}
_FRESH = {
    "vault": lambda: keysets.hybrid()[0],
    "policy": keysets.mac,
    "results": keysets.aead,
}


@dataclass(frozen=True)
class Keys:
    """The ids of a keyset's keys by their part in it."""

    old: tuple[int, ...]
    primary: int
    waiting: tuple[int, ...]

    @property
    def newest(self) -> int:
        """The key that is, or is about to be, the one that writes."""
        return self.waiting[-1] if self.waiting else self.primary


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other rotations out of the folder until this one is done."""
    try:
        descriptor = os.open(folder / ".rotation", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise RotationError(f"{folder} cannot be written to ({error.strerror}).") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RotationError(f"Another rotation works in {folder}. Wait until it is done.") from None
    finally:
        os.close(descriptor)


def keys_in(folder: Path, name: str) -> Keys:
    """Return which keys the file holds. Raises RotationError when there is no such keyset."""
    return _keys(_read(folder / FILES[name].secret))


def last_change(folder: Path, name: str) -> float:
    """Return how many seconds ago the last step was taken here."""
    return time.time() - (folder / FILES[name].secret).stat().st_mtime


def add(folder: Path, name: str) -> int:
    """Add a key that opens but does not write yet, and return its id; one that waits already is returned again."""
    text = _read(folder / FILES[name].secret)
    if waiting := _keys(text).waiting:
        return waiting[-1]
    document = json.loads(text)
    new = _fresh_key(name, {key["keyId"] for key in document["key"]})
    _keep(folder / FILES[name].secret, text, new["keyId"])
    document["key"].append(new)
    _write(folder, name, document)
    return int(new["keyId"])


def promote(folder: Path, name: str) -> int:
    """Let the waiting key write from now on, and return its id."""
    text = _read(folder / FILES[name].secret)
    document, keys = json.loads(text), _keys(text)
    if not keys.waiting and _public_is_of(folder, name, text):
        raise RotationError(
            f"The {name} keyset has no key that waits. Run `manage.py keysets_rotate add` first."
        )
    document["primaryKeyId"] = keys.newest
    _write(folder, name, document)
    return keys.newest


def retire(folder: Path, name: str) -> tuple[int, ...]:
    """Take the keys before the primary out of the files, and return their ids. The backups stay: see `forget`."""
    text = _read(folder / FILES[name].secret)
    document, old = json.loads(text), _keys(text).old
    if not old:
        raise RotationError(f"The {name} keyset has no old key: there is nothing to retire.")
    _keep(folder / FILES[name].secret, text, _keys(text).primary)
    document["key"] = [key for key in document["key"] if key["keyId"] not in old]
    _write(folder, name, document)
    return old


def restore(folder: Path, name: str) -> None:
    """Put back the keys that `retire` took out."""
    secret = folder / FILES[name].secret
    kept = _backup(secret, _keys(_read(secret)).primary)
    _write(folder, name, json.loads(_read(kept)))


def backups(folder: Path, name: str) -> list[Path]:
    """Return the kept files of the time before the steps of this rotation."""
    return sorted(folder.glob(f"{FILES[name].secret}{BACKUP}*"))


def forget(folder: Path, name: str) -> None:
    """Delete the kept files: the last step is done."""
    for path in backups(folder, name):
        path.unlink()


def _fresh_key(name: str, taken: set[int]) -> dict[str, Any]:
    while True:
        key: dict[str, Any] = json.loads(_FRESH[name]())["key"][0]
        if key["keyId"] not in taken:
            return key


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        parse(text, secret=True)
    except OSError as error:
        raise RotationError(
            f"{path} cannot be read ({error.strerror}). `manage.py keysets_init` makes the keysets."
        ) from None
    except (UnusableKeyset, UnicodeDecodeError):
        raise RotationError(f"{path} holds no keyset. Put a backup of it back first.") from None
    return text


def _keys(text: str) -> Keys:
    document = json.loads(text)
    ids = [int(key["keyId"]) for key in document["key"]]
    at = ids.index(int(document["primaryKeyId"]))
    return Keys(tuple(ids[:at]), ids[at], tuple(ids[at + 1 :]))


def _write(folder: Path, name: str, document: dict[str, Any]) -> None:
    """Replace the files: the secret one first, so that whatever the public one seals can be opened already."""
    files, text = FILES[name], json.dumps(document, indent=2)
    parse(text, secret=True)
    replace(folder / files.secret, text)
    if files.public:
        replace(folder / files.public, keysets.public_of(text))


def _public_is_of(folder: Path, name: str, text: str) -> bool:
    """Say whether the public file belongs to the secret one: a step that was killed half-way leaves it behind."""
    public = FILES[name].public
    return not public or (folder / public).read_text(encoding="utf-8") == keysets.public_of(text)


def _keep(path: Path, text: str, key_id: int) -> None:
    replace(_backup(path, key_id), text)


def _backup(path: Path, key_id: int) -> Path:
    return path.with_name(f"{path.name}{BACKUP}{key_id}")


def replace(path: Path, text: str) -> None:
    """Give the path a new content in one step, on disk when this returns. Owner and mode stay; a new file is 0600."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if path.exists():
                _take_over(path, file.fileno())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _take_over(path: Path, descriptor: int) -> None:
    """Give the new file the old one's owner and mode, never readable by everybody."""
    old = path.stat()
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & (0o777 if path.name == keysets.PUBLIC else 0o770))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
