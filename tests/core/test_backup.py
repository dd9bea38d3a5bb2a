"""A backup holds every row that was decided to be in it, and comes back as it was, on either engine."""

from __future__ import annotations

import json
import stat
import tarfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from core import registry
from core.backup import archive, making, restoring, rows
from core.backup.archive import BackupError
from core.backup.snapshot import snapshot
from core.backup.tables import kept, tables
from core.registry import Registry
from deploys import store
from notifications.models import Hook, Mail
from operations.models import Operation, OperationEvent, Result, State
from teams.models import Session, Team, User
from teams.reach import Level
from tests.factories import (
    MembershipFactory,
    OperationFactory,
    PaymentFactory,
    ProjectFactory,
    WalletFactory,
)
from wallets.models import Custodian, Freeze, Halt, Payee, Unfreezing, Wallet, WalletShare

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def all_rows() -> dict[str, list[bytes]]:
    """Return every row of every table of a backup, as its lines. Gateways are as the settings say, restored or not."""
    labels = [label for label, _table in kept() if label != "wallets.Gateway"]
    return {label: list(rows.dumped(apps.get_model(label))) for label in labels}


def emptied() -> None:
    """Make the database what `migrate` leaves."""
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """A store of its own, so that what a restore brings can be told from what was there."""
    settings.STORE_DIR = tmp_path / "store"
    return tmp_path


@pytest.fixture
def only_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore what was there, without what each room does about it afterwards."""
    monkeypatch.setattr(restoring, "after_restore", Registry("step after a restore"))


@pytest.fixture
def filled(folder: Path) -> None:
    """A team with one of most things."""
    membership = MembershipFactory.create()
    wallet = WalletFactory.create(team=membership.team, key_sealed=bytes(range(256)))
    ProjectFactory.create(team=membership.team, wallet=wallet, name="Blüten “und” \u2028 mehr")
    PaymentFactory.create(wallet=wallet, receipt={"b": [1, None, {"ä": 2.5}], "a": 2**53})
    _decided_about(wallet, membership.user)
    Operation.objects.all().delete()
    operation = OperationFactory.create(team=membership.team, wallet=wallet, gateway=wallet.gateway)
    OperationEvent.objects.create(operation=operation, seq=1, type="log", message="begun")


def _decided_about(wallet: Wallet, user: User) -> None:
    """Write what people decided about a wallet: who may use and keep it, whom it pays, and that it may not just now."""
    WalletShare.objects.create(wallet=wallet, user=user, level=Level.SPEND, by_label="Alice")
    Custodian.objects.create(wallet=wallet, user=user, by_label="Alice")
    Payee.objects.create(team=wallet.team, gateway=wallet.gateway, address="0x" + "11" * 20, mac=b"\x00mac")
    frozen = Freeze.objects.create(wallet=wallet, why="An agent runs wild", by_label="Alice")
    Unfreezing.objects.create(freeze=frozen, by_id=str(user.pk), by_label="Alice", mac=b"mac")


def test_every_model_is_decided() -> None:
    models = {model._meta.label for model in apps.get_models(include_auto_created=True)}

    assert set(tables.keys()) == models


def test_no_table_of_a_backup_needs_one_that_is_not_in_it() -> None:
    inside = {label for label, _table in kept()}
    needed = {
        field.related_model._meta.label
        for label in inside
        for field in apps.get_model(label)._meta.concrete_fields
        if field.is_relation
    }

    assert needed - inside == set()


@pytest.mark.usefixtures("filled", "only_rows")
def test_all_rows_and_files_come_back_as_they_were(folder: Path, settings: Settings) -> None:
    digest = store.put([b"index"]).sha256
    before = all_rows()
    call_command("backup", to=str(folder / "panel.tar"))
    emptied()
    settings.STORE_DIR = folder / "other"

    call_command("restore", str(folder / "panel.tar"))

    assert all_rows() == before
    with store.open_blob(digest) as file:
        assert file.read() == b"index"


@pytest.mark.usefixtures("filled")
def test_what_people_decided_about_a_wallet_counts_on_and_a_word_to_unfreeze_does_not(folder: Path) -> None:
    models = (WalletShare, Custodian, Payee, Freeze)
    before = [list(model._default_manager.values()) for model in models]
    making.to_file(folder / "panel.tar")
    emptied()

    restoring.restore(folder / "panel.tar")

    assert [list(model._default_manager.values()) for model in models] == before
    assert [len(found) for found in before] == [1, 1, 1, 1]
    assert not Unfreezing.objects.exists()


@pytest.mark.usefixtures("filled")
def test_rows_made_after_a_restore_get_numbers_of_their_own(folder: Path) -> None:
    making.to_file(folder / "panel.tar")
    emptied()

    restoring.restore(folder / "panel.tar")

    event = OperationEvent.objects.create(operation=Operation.objects.get(), seq=9, type="log", message="new")
    assert OperationEvent.objects.filter(pk=event.pk).count() == 1


@pytest.mark.usefixtures("filled")
def test_results_sessions_and_letters_are_not_in_it(folder: Path) -> None:
    Session.objects.create(digest="0" * 64, data="locked", expires_at="2030-01-01T00:00Z")
    Mail.objects.create(to="dora@example.com", subject="Welcome", body_sealed=b"one-time link")
    operation = Operation.objects.get()
    Result.objects.create(
        team=operation.team,
        operation=operation,
        field="rows",
        key_id=1,
        size=1,
        expires_at="2030-01-01T00:00Z",
    )
    results = folder / "store" / "results"
    results.mkdir(parents=True)
    (results / "rows").write_bytes(b"covered")
    Operation.objects.update(result={"seen": "briefly"}, result_until="2030-01-01T00:00Z")

    manifest = making.to_file(folder / "panel.tar")
    emptied()
    restoring.restore(folder / "panel.tar")

    assert {"teams.Session", "operations.Result"} & set(manifest.tables) == set()
    assert manifest.folders["store"].files == 0
    assert bytes(Mail.objects.get().body_sealed) == b""
    assert Operation.objects.get().result == {}


@pytest.mark.usefixtures("filled")
def test_only_its_owner_may_read_it(folder: Path) -> None:
    call_command("backup", to=str(folder / "panel.tar"))

    assert stat.S_IMODE((folder / "panel.tar").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["panel.tar"]


def test_an_earlier_backup_is_not_written_over(folder: Path) -> None:
    (folder / "panel.tar").write_bytes(b"the only copy")

    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", to=str(folder / "panel.tar"))

    assert (folder / "panel.tar").read_bytes() == b"the only copy"


@pytest.mark.usefixtures("filled")
def test_a_full_disk_leaves_no_half_backup(folder: Path) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
        making.write(full)

    assert [path for path in folder.iterdir() if path.is_file()] == []


@pytest.mark.usefixtures("filled")
def test_a_database_that_somebody_used_is_left_alone(folder: Path) -> None:
    making.to_file(folder / "panel.tar")
    before = all_rows()

    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(folder / "panel.tar"))

    assert all_rows() == before


def test_a_damaged_store_file_is_named_and_costs_nothing_else(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, broken = store.put([b"whole"]).sha256, store.put([b"broken"]).sha256
    (folder / "store" / broken[:2] / broken[2:]).write_bytes(b"rotten")
    call_command("backup", to=str(folder / "panel.tar"))
    emptied()
    settings.STORE_DIR = folder / "other"

    call_command("restore", str(folder / "panel.tar"))

    assert broken in capsys.readouterr().err
    assert (store.has(whole), store.has(broken)) == (True, False)


def refused(path: Path) -> str:
    """Return why nothing was restored, and make sure that nothing was."""
    emptied()
    with pytest.raises(BackupError) as caught:
        restoring.restore(path)
    assert Team.objects.count() == 0
    assert not (Path(str(path.parent)) / "store" / "results").exists()
    return str(caught.value)


@pytest.mark.usefixtures("filled")
def test_a_cut_backup_is_refused_wherever_it_was_cut(folder: Path) -> None:
    making.to_file(folder / "panel.tar")
    content = (folder / "panel.tar").read_bytes()
    cut = folder / "cut.tar"

    end = content.rindex(archive.SEAL.encode())
    for size in (1536, end // 3, end // 2 + 7, end, end + 512):
        cut.write_bytes(content[:size])
        assert "damaged or cut short" in refused(cut), size


@pytest.mark.usefixtures("filled")
def test_one_changed_byte_is_found(folder: Path) -> None:
    store.put([b"a stored file that is changed"])
    making.to_file(folder / "panel.tar")
    content = (folder / "panel.tar").read_bytes()

    for known in (b"a stored file", b"begun", b'"made_at"'):
        at = content.index(known)
        changed = folder / "changed.tar"
        changed.write_bytes(content[:at] + b"X" + content[at + 1 :])
        assert "damaged or cut short" in refused(changed), known


@pytest.mark.usefixtures("filled")
def test_foreign_files_and_later_formats_are_refused(folder: Path) -> None:
    for name, content in (
        ("photo.jpg", b"\xff\xd8\xff" * 999),
        ("empty", b""),
        ("other.tar", tar("a.txt", b"a")),
    ):
        (folder / name).write_bytes(content)
        assert "no backup of Run402 Panel" in refused(folder / name), name

    head = {"format": archive.FORMAT, "version": 2, "panel": "9.0"}
    (folder / "later.tar").write_bytes(tar(archive.HEAD, json.dumps(head).encode()))
    assert "panel 9.0" in refused(folder / "later.tar")


def tar(name: str, content: bytes) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        file.addfile(member, BytesIO(content))
    return out.getvalue()


@pytest.mark.usefixtures("filled")
def test_a_restore_that_fails_in_the_middle_leaves_nothing(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put([b"index"])
    making.to_file(folder / "panel.tar")
    emptied()
    settings.STORE_DIR = folder / "other"
    registry_with_a_fault: Registry[registry.AfterRestore] = Registry("step after a restore")

    def fail(restored: registry.Restored) -> None:
        raise OSError(28, "No space left on device")

    registry_with_a_fault.add("disk", fail)
    monkeypatch.setattr(restoring, "after_restore", registry_with_a_fault)

    with pytest.raises(CommandError, match=r"No space left.*Nothing was restored"):
        call_command("restore", str(folder / "panel.tar"))

    assert Team.objects.count() == 0
    assert [path for path in (folder / "other").rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("filled")
def test_what_is_restored_stands_still(folder: Path) -> None:
    running = Operation.objects.get()
    Operation.objects.update(state=State.RUNNING, fence=7, lease_until="2030-01-01T00:00Z", worker="old")
    making.to_file(folder / "panel.tar")
    emptied()

    restoring.restore(folder / "panel.tar")

    found = Operation.objects.get()
    assert (found.state, found.reason, found.lease_until) == ("waiting", "review", None)
    assert found.fence > running.fence + 1000
    assert found.events.order_by("-seq")[0].type == "restored"
    assert Halt.objects.get(lifted_at=None).cause == Halt.Cause.RESTORED
    assert Wallet.objects.get().is_frozen
    assert not Hook.objects.filter(on=True).exists()
    assert connection.in_atomic_block is False


@pytest.mark.usefixtures("filled")
def test_what_is_written_meanwhile_is_not_half_in_it_and_waits_for_nobody() -> None:
    def write() -> None:
        try:
            Team.objects.create(name="Meanwhile")
        finally:
            connection.close()

    with snapshot():
        before = all_rows()
        with ThreadPoolExecutor(1) as other:
            other.submit(write).result(timeout=60)
        assert all_rows() == before

    assert Team.objects.filter(name="Meanwhile").exists()
