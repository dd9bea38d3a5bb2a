"""Answers under their cover: who gets them, where they do not open, and when they are gone."""

from __future__ import annotations

import io
import os
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as panel
from django.utils import timezone
from pytest_django import Settings

from operations import cover, results, tasks
from operations.models import Operation, Result
from tests.factories import OperationFactory
from wallets import keysets, rotation
from wallets.vault import Locked

DATA = b'[{"id": 1, "name": "Ada"}]'


@pytest.fixture
def operation(public_keyset: None, db: None, tmp_path: Path, settings: Settings) -> Operation:
    settings.STORE_DIR = tmp_path / "store"
    made: Operation = OperationFactory.create()
    return made


def files() -> list[Path]:
    folder = Path(panel.STORE_DIR) / "results"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_what_was_kept_is_told_to_its_team(operation: Operation) -> None:
    results.put(operation, "rows", DATA, rows=1)
    assert results.get(operation, "rows", operation.team) == DATA


def test_neither_row_nor_file_shows_it(operation: Operation) -> None:
    results.put(operation, "rows", DATA)
    results.put(operation, "many", DATA, rows=1001)
    assert all(b"Ada" not in bytes(row.covered) for row in Result.objects.all())
    assert [b"Ada" in path.read_bytes() for path in files()] == [False]


@pytest.mark.parametrize(
    ("size", "rows", "in_file"),
    [
        (0, 0, False),
        (1_000_000, 1000, False),
        (1_000_001, 0, True),
        (10, 1001, True),
        (5 * 65_536, 0, False),
        (5 * 65_536 + 1, 0, False),
    ],
)
def test_rows_and_bytes_decide_where_it_stands(
    operation: Operation, size: int, rows: int, in_file: bool
) -> None:
    data = os.urandom(size)
    kept = results.put(operation, "rows", data, rows=rows)
    assert (kept.in_file, len(files()), kept.size) == (in_file, int(in_file), size)
    assert results.get(operation, "rows", operation.team) == data


def test_a_stream_is_kept_and_told_piece_by_piece(operation: Operation) -> None:
    """Forty megabytes pass through far less memory."""

    def pieces() -> Iterator[bytes]:
        for number in range(40):
            yield bytes([number]) * 1_000_000

    tracemalloc.start()
    results.put(operation, "log", pieces())
    told = results.stream(operation, "log", operation.team)
    assert told is not None
    sizes = [len(piece) for piece in told]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (sum(sizes), max(sizes)) == (40_000_000, cover.PIECE_BYTES)
    assert peak < 10_000_000


def test_another_team_gets_nothing(operation: Operation) -> None:
    results.put(operation, "rows", DATA)
    assert results.get(operation, "rows", OperationFactory.create().team) is None


@pytest.mark.parametrize("change", ["row", "field", "operation", "team"])
@pytest.mark.parametrize("rows", [1, 1001])
def test_a_cover_that_was_moved_does_not_open(operation: Operation, change: str, rows: int) -> None:
    other = results.put(OperationFactory.create(), "rows", b"theirs", rows=rows)
    mine = results.put(operation, "rows", DATA, rows=rows)
    match change:
        case "row" if rows > 1000:
            results._path(mine).replace(results._path(other))
        case "row":
            Result.objects.filter(pk=other.pk).update(covered=Result.objects.get(pk=mine.pk).covered)
        case "field":
            Result.objects.filter(pk=mine.pk).update(field="secrets")
        case "operation":
            same_team = OperationFactory.create(team=operation.team)
            Result.objects.filter(pk=mine.pk).update(operation=same_team)
        case "team":
            Operation.objects.filter(pk=operation.pk).update(team=other.team)
            Result.objects.filter(pk=mine.pk).update(team=other.team)
    moved = Result.objects.get(pk=other.pk if change == "row" else mine.pk)
    with pytest.raises(Locked, match="does not open"):
        results.get(moved.operation, moved.field, moved.team)


@pytest.mark.parametrize("harm", ["cut", "swap", "repeat", "flip", "empty"])
def test_a_file_that_was_changed_does_not_open(operation: Operation, harm: str) -> None:
    kept = results.put(operation, "rows", os.urandom(cover.PIECE_BYTES * 3), rows=5000)
    path = results._path(kept)
    whole = path.read_bytes()
    one = len(whole) // 3
    first, second, third = whole[:one], whole[one : 2 * one], whole[2 * one :]
    path.write_bytes(
        {
            "cut": first + second,
            "swap": second + first + third,
            "repeat": first + first + second + third,
            "flip": whole[:-1] + bytes([whole[-1] ^ 1]),
            "empty": b"",
        }[harm]
    )
    with pytest.raises(Locked, match="does not open"):
        results.get(operation, "rows", operation.team)


def test_a_length_that_lies_does_not_fill_the_memory() -> None:
    _, cipher = 0, None
    with pytest.raises(Locked):
        list(cover.uncover(io.BytesIO(b"\xff\xff\xff\xff" + b"x" * 100), b"", cipher))


def test_it_is_gone_after_fifteen_minutes_even_before_the_sweep(
    operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # the test's own would go with them
    results.put(operation, "rows", DATA)
    results.put(operation, "many", DATA, rows=1001)
    with time_machine.travel(timezone.now() + timedelta(minutes=14, seconds=55)):
        assert results.get(operation, "rows", operation.team) == DATA
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert results.get(operation, "rows", operation.team) is None
        assert results.get(operation, "many", operation.team) is None
        assert (Result.objects.count(), len(files())) == (2, 1)
        tasks.sweep("interactive")
        assert Result.objects.count() == 2
        tasks.sweep("sync")
        assert (Result.objects.count(), len(files())) == (0, 0)


def test_a_file_that_a_dead_worker_left_goes_after_an_hour(operation: Operation) -> None:
    kept = results.put(operation, "many", DATA, rows=1001)
    for name in (".new-abc", "0" * 32):
        left = Path(panel.STORE_DIR) / "results" / name
        left.write_bytes(b"half")
        os.utime(left, (1, 1))
    results.sweep()
    assert files() == [results._path(kept)]


def test_a_later_answer_takes_the_place_of_the_earlier(operation: Operation) -> None:
    results.put(operation, "rows", b"first", rows=1001)
    results.put(operation, "rows", b"second", rows=1001)
    assert results.get(operation, "rows", operation.team) == b"second"
    assert (Result.objects.count(), len(files())) == (1, 1)


def test_a_stream_that_breaks_leaves_nothing(operation: Operation) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x" * 1_500_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        results.put(operation, "rows", breaks())
    assert (Result.objects.count(), files()) == (0, [])


def test_without_the_keyset_there_is_a_sentence(operation: Operation, settings: Settings) -> None:
    results.put(operation, "rows", DATA)
    settings.RESULTS_KEYSET = ""
    for attempt in (
        lambda: results.put(operation, "rows", DATA),
        lambda: results.get(operation, "rows", operation.team),
    ):
        with pytest.raises(Locked) as refused:
            attempt()
        assert "holds no results keyset" in refused.value.fault.message
        assert "PANEL_RESULTS_KEYSET_FILE" in refused.value.fault.next_actions[0]["label"]


def test_answers_of_before_a_rotation_are_told_until_they_expire(
    operation: Operation, settings: Settings, tmp_path: Path
) -> None:
    keysets.create(tmp_path / "keys")
    settings.RESULTS_KEYSET = tmp_path / "keys" / keysets.RESULTS
    old = results.put(operation, "before", DATA).key_id
    rotation.add(tmp_path / "keys", "results")
    new = rotation.promote(tmp_path / "keys", "results")

    assert results.put(operation, "after", DATA).key_id == new != old
    assert results.get(operation, "before", operation.team) == DATA
    assert results.get(operation, "after", operation.team) == DATA
