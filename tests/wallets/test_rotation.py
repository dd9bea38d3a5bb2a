"""The steps of a rotation as they change the files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from core.keysets import load, parse
from wallets import keysets, rotation
from wallets.rotation import FILES, RotationError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keysets.create(tmp_path / "keys")
    return tmp_path / "keys"


def writes_with(folder: Path, name: str) -> set[int]:
    """Return the primaries of the secret and the public file."""
    files = FILES[name]
    found = {load(folder / files.secret, secret=True).primary}
    return found | ({load(folder / files.public, secret=False).primary} if files.public else set())


@pytest.mark.parametrize("name", FILES)
def test_each_keyset_goes_through_its_steps(folder: Path, name: str) -> None:
    old = rotation.keys_in(folder, name).primary

    new = rotation.add(folder, name)
    assert rotation.keys_in(folder, name) == rotation.Keys((), old, (new,))
    assert writes_with(folder, name) == {old}

    assert rotation.promote(folder, name) == new
    assert rotation.keys_in(folder, name) == rotation.Keys((old,), new, ())
    assert writes_with(folder, name) == {new}

    assert rotation.retire(folder, name) == (old,)
    assert rotation.keys_in(folder, name) == rotation.Keys((), new, ())
    assert writes_with(folder, name) == {new}


def test_the_public_file_never_holds_a_secret(folder: Path) -> None:
    for step in (rotation.add, rotation.promote, rotation.retire):
        step(folder, "vault")
        assert "HpkePrivateKey" not in (folder / keysets.PUBLIC).read_text()
        parse((folder / keysets.PUBLIC).read_text(), secret=False)


def test_adding_twice_adds_one_key(folder: Path) -> None:
    assert rotation.add(folder, "policy") == rotation.add(folder, "policy")


@pytest.mark.parametrize("step", [rotation.promote, rotation.retire])
def test_a_step_out_of_order_is_refused_with_what_to_do(folder: Path, step: object) -> None:
    with pytest.raises(RotationError, match=r"Run `manage.py keysets_rotate add` first|nothing to retire"):
        step(folder, "vault")  # type: ignore[operator]  # one of the two above


def test_a_promotion_that_was_killed_half_way_is_finished_by_the_next(folder: Path) -> None:
    before = (folder / keysets.PUBLIC).read_text()
    rotation.add(folder, "vault")
    new = rotation.promote(folder, "vault")
    (folder / keysets.PUBLIC).write_text(before)

    assert rotation.promote(folder, "vault") == new
    assert writes_with(folder, "vault") == {new}


def test_the_file_of_before_is_kept_until_the_end_and_a_retirement_can_be_taken_back(folder: Path) -> None:
    old = rotation.keys_in(folder, "vault").primary
    new = rotation.add(folder, "vault")
    kept = rotation.backups(folder, "vault")
    assert [rotation._keys(path.read_text()).primary for path in kept] == [old]

    rotation.promote(folder, "vault")
    rotation.retire(folder, "vault")
    rotation.restore(folder, "vault")
    assert rotation.keys_in(folder, "vault") == rotation.Keys((old,), new, ())

    rotation.forget(folder, "vault")
    assert rotation.backups(folder, "vault") == []


def test_files_stay_with_their_readers_and_are_never_for_everybody(folder: Path) -> None:
    (folder / keysets.PRIVATE).chmod(0o640)
    (folder / keysets.PUBLIC).chmod(0o644)
    (folder / keysets.POLICY_MAC).chmod(0o644)
    for name in FILES:
        rotation.add(folder, name)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.json")}
    assert modes == {
        keysets.PRIVATE: 0o640,
        keysets.PUBLIC: 0o644,
        keysets.POLICY_MAC: 0o640,
        keysets.RESULTS: 0o600,
        keysets.AUDIT_SIGNING: 0o600,
        keysets.AUDIT_PUBLIC: 0o600,
    }
    assert [stat.S_IMODE(path.stat().st_mode) for path in rotation.backups(folder, "vault")] == [0o600]


def test_two_rotations_of_a_folder_do_not_meet(folder: Path) -> None:
    with (
        rotation.locked(folder),
        pytest.raises(RotationError, match="Another rotation works"),
        rotation.locked(folder),
    ):
        pass


def test_a_missing_or_broken_file_is_named(folder: Path) -> None:
    (folder / keysets.POLICY_MAC).unlink()
    with pytest.raises(RotationError, match="keysets_init"):
        rotation.add(folder, "policy")
    (folder / keysets.POLICY_MAC).write_text(json.dumps({"key": []}))
    with pytest.raises(RotationError, match="holds no keyset"):
        rotation.add(folder, "policy")


def test_an_older_installation_gets_the_missing_keyset_and_keeps_the_others(folder: Path) -> None:
    (folder / keysets.RESULTS).unlink()
    before = {path.name: path.read_text() for path in folder.glob("*.json")}
    assert keysets.create(folder) == [keysets.RESULTS]
    assert {name: (folder / name).read_text() for name in before} == before
