"""A keyset's file is followed while the process runs; what cannot be read is never replaced by something older."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import keysets
from core.keysets import UnusableKeyset, key_id_of, load, parse, prefix_of
from wallets import keysets as files
from wallets import rotation

ONE, OTHER = files.mac(), files.mac()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "policy-mac.json"
    made.write_text(ONE)
    return made


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keysets, "PAUSE_SECONDS", 0.0)


def primary(text: str) -> int:
    return parse(text, secret=True).primary


def test_a_replaced_file_counts_at_once(path: Path) -> None:
    assert load(path, secret=True).primary == primary(ONE)
    rotation.replace(path, OTHER)
    assert load(path, secret=True).primary == primary(OTHER)


def test_a_file_that_did_not_change_is_read_once(path: Path) -> None:
    assert load(path, secret=True) is load(path, secret=True)


@pytest.mark.parametrize(
    ("rest", "words"),
    [(None, "No such file"), ("", "no keyset"), (ONE[:80], "no keyset"), ("\x00\xff" * 50, "no keyset")],
    ids=["gone", "empty", "cut off", "garbage"],
)
def test_a_file_that_is_gone_or_garbage_refuses_until_it_is_back(
    path: Path, rest: str | None, words: str
) -> None:
    load(path, secret=True)
    path.unlink()
    if rest is not None:
        path.write_text(rest)
    with pytest.raises(UnusableKeyset, match=words) as refused:
        load(path, secret=True)
    rotation.replace(path, ONE)

    assert "privateKey" not in str(refused.value)
    assert str(path) not in str(refused.value)
    assert load(path, secret=True).primary == primary(ONE)


def test_a_file_that_is_half_copied_is_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(OTHER[:100])
    monkeypatch.setattr("core.keysets.time.sleep", lambda seconds: path.write_text(OTHER))
    assert load(path, secret=True).primary == primary(OTHER)


def test_a_secret_keyset_is_no_public_one(path: Path) -> None:
    with pytest.raises(UnusableKeyset, match="no public keyset"):
        load(path, secret=False)


def test_a_text_from_the_environment_is_a_keyset_too() -> None:
    assert load(ONE, secret=True).primary == primary(ONE)
    with pytest.raises(UnusableKeyset, match="not configured"):
        load("", secret=True)


def test_the_key_id_stands_in_the_prefix_of_what_a_key_makes() -> None:
    from tink import mac

    keyset = parse(ONE, secret=True)
    made = keyset.primitive(mac.Mac).compute_mac(b"text")
    assert (key_id_of(made), made[:5]) == (keyset.primary, prefix_of(keyset.primary))
    assert [key_id_of(b""), key_id_of(b"\x00abcd"), key_id_of(b"\x01abc")] == [0, 0, 0]


def test_no_key_shows_when_a_keyset_is_printed() -> None:
    secret = ONE.split('"value": "')[1].split('"')[0]
    assert secret not in repr(parse(ONE, secret=True))
