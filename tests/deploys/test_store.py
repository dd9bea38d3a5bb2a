"""The content-addressed store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from deploys import store


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STORE_DIR = tmp_path
    return tmp_path


def test_bytes_come_back_under_their_digest(folder: Path) -> None:
    blob = store.put([b"hello ", b"world"])
    digest = hashlib.sha256(b"hello world").hexdigest()
    with store.open_blob(digest) as file:
        assert (blob, file.read()) == (store.Blob(digest, 11), b"hello world")
    assert (folder / digest[:2] / digest[2:]).is_file()
    assert (store.has(digest), store.size_of(digest)) == (True, 11)


def test_the_same_bytes_are_kept_once(folder: Path) -> None:
    store.put([b"x"])
    store.put([b"x"])
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_stream_that_fails_leaves_nothing(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put(broken())
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_is_not_there_is_lost(digest: str) -> None:
    with pytest.raises(store.Lost):
        store.open_blob(digest)
