"""Bytes that no row names go after a day; whatever is named, young or stored anew meanwhile stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from core.registry import Due
from deploys import collecting, store
from operations.models import State
from tests.factories import DeployFactory, OperationFactory, ReleaseFactory, SourceFactory, WalletFactory

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.STORE_DIR = tmp_path / "store"
    return tmp_path / "store"


def stored(text: str, *, days: float = 2) -> str:
    """Store a text so many days ago; return its digest."""
    digest = store.put([text.encode()]).sha256
    age(store._path(digest), days)
    return digest


def age(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def reference(digest: str) -> dict[str, object]:
    return {"sha256": digest, "size": 3, "content_type": "text/plain"}


def test_what_nothing_names_goes_and_the_rest_stays() -> None:
    named = {
        word: stored(word) for word in ("source", "manifest", "archive", "function", "spec", "checkpoint")
    }
    refused, young = stored("refused"), stored("young", days=0.5)
    source = SourceFactory.create(
        files={"a": reference(named["source"])},
        manifest={"spec": {"site": {"replace": {"b": reference(named["manifest"])}}}},
    )
    wallet = WalletFactory.create(team=source.team)
    archive = {
        "site": {"c": reference(named["archive"])},
        "functions": {"f": {"source": reference(named["function"])}},
    }
    ReleaseFactory.create(project__wallet=wallet, archive=archive)
    DeployFactory.create(project__wallet=wallet, spec={"deep": [{"er": reference(named["spec"])}]})
    OperationFactory.create(team=source.team, state=State.WAITING, checkpoints={"ref": named["checkpoint"]})
    assert collecting.due() == Due(1, len("refused"))
    assert collecting.sweep() == 1
    assert [store.has(digest) for digest in (*named.values(), young, refused)] == [True] * 7 + [False]
    assert collecting.due() == Due(0)


def test_once_a_day_is_enough(folder: Path) -> None:
    assert collecting.sweep() == 0
    stored("refused")
    assert collecting.sweep() == 0
    age(folder / "swept", 1.1)
    assert collecting.sweep() == 1


def test_bytes_that_are_stored_again_are_as_new(folder: Path) -> None:
    digest = stored("twice")
    store.put([b"twice"])
    assert (collecting.sweep(), store.has(digest)) == (0, True)


def test_bytes_that_arrive_after_the_marking_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload comes between the look at the rows and the look at the files."""
    digest = stored("meanwhile")
    marked = collecting.marked

    def marked_then_uploaded() -> set[bytes]:
        found = marked()
        store.put([b"meanwhile"])
        return found

    monkeypatch.setattr(collecting, "marked", marked_then_uploaded)
    assert (collecting.sweep(), store.has(digest)) == (0, True)


def test_bytes_that_arrive_while_the_file_goes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload finds the file a moment before it is set aside, or a moment after."""
    for moment in ("before", "after"):
        digest = stored(moment)

        def slow(path: Path, target: Path, moment: str = moment) -> None:
            if moment == "before":
                store.put([moment.encode()])
            path.replace(target)
            if moment == "after":
                store.put([moment.encode()])

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", slow)
            collecting._take(store._path(digest))
        with store.open_blob(digest) as file:
            assert file.read() == moment.encode()


def test_what_a_worker_that_died_had_set_aside_is_decided_later(folder: Path) -> None:
    old, new = stored("old"), stored("new")
    (folder / "aside").mkdir()
    for digest in (old, new):
        store._path(digest).rename(folder / "aside" / digest)
    age(folder / "aside" / new, 0)
    collecting.sweep()
    assert [store.has(old), store.has(new)] == [False, True]
    assert list((folder / "aside").iterdir()) == []


def test_halves_of_uploads_go_too(folder: Path) -> None:
    (folder / "incoming").mkdir(parents=True)
    for name, days in {"cut": 2.0, "arriving": 0.0}.items():
        (folder / "incoming" / name).write_bytes(b"half")
        age(folder / "incoming" / name, days)
    collecting.sweep()
    assert [path.name for path in (folder / "incoming").iterdir()] == ["arriving"]


def test_the_store_may_not_be_there_yet() -> None:
    assert (collecting.due(), collecting.sweep()) == (Due(0), 0)
