"""`manage.py wallet_export`: who may, what is written where, and what stays on record."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from eth_account import Account
from pytest_django import Settings

import run402
from audit.models import Event
from billing.keys import read_key
from tests.factories import WalletFactory
from wallets import exports, signer, vault
from wallets.models import Wallet

KEY = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
PASSWORD = "correct horse battery"


@pytest.fixture
def wallet(keysets: None, db: None) -> Wallet:
    made: Wallet = WalletFactory.create(address=run402.address_of(KEY), label="Ops")
    made.key_sealed = vault.seal(KEY, signer.key_context(made))
    made.save()
    return made


def export(wallet: Wallet, out: Path | str, *rest: str, address: str | None = None) -> tuple[str, str]:
    """Run the command; return what it wrote to the terminal and beside it."""
    terminal, beside = io.StringIO(), io.StringIO()
    words = [str(wallet.pk), "--out", str(out), "--yes-address", address or wallet.address, *rest]
    call_command("wallet_export", *words, stdout=terminal, stderr=beside)
    return terminal.getvalue(), beside.getvalue()


def test_the_allowance_is_what_the_cli_and_the_panel_read(wallet: Wallet, tmp_path: Path) -> None:
    export(wallet, tmp_path / "allowance.json")
    text = (tmp_path / "allowance.json").read_text()
    document = json.loads(text)
    assert (document["address"], document["privateKey"]) == (wallet.address, f"0x{KEY.hex()}")
    assert (document["rail"], document["funded"]) == ("x402", False)
    assert (read_key(text).secret, read_key(text).address) == (KEY, wallet.address)
    assert stat.S_IMODE((tmp_path / "allowance.json").stat().st_mode) == 0o600


def test_the_allowance_of_a_wallet_that_pays_by_mpp_says_so(wallet: Wallet, tmp_path: Path) -> None:
    Wallet.objects.filter(pk=wallet.pk).update(rail="mpp")
    export(wallet, tmp_path / "allowance.json")
    assert json.loads((tmp_path / "allowance.json").read_text())["rail"] == "mpp"


def test_raw_digits_go_to_the_terminal_when_asked(wallet: Wallet) -> None:
    terminal, beside = export(wallet, "-", "--format", "raw")
    assert terminal == f"0x{KEY.hex()}\n"
    assert KEY.hex() not in beside


@pytest.mark.slow
def test_a_keystore_opens_with_its_password_and_the_usual_parameters(wallet: Wallet, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    out = tmp_path / "keystore.json"
    export(wallet, out, "--format", "keystore", "--password-file", str(tmp_path / "password"))
    document = json.loads(out.read_text())
    numbers = {name: document["crypto"]["kdfparams"][name] for name in ("n", "r", "p", "dklen")}
    assert (document["version"], document["crypto"]["kdf"]) == (3, "scrypt")
    assert numbers == {"n": 262_144, "r": 8, "p": 1, "dklen": 32}
    assert KEY.hex() not in out.read_text()
    assert bytes(Account.decrypt(document, PASSWORD)) == KEY


def test_a_password_that_is_too_short_is_refused(wallet: Wallet, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("short\n")
    words = ("--format", "keystore", "--password-file", str(tmp_path / "password"))
    with pytest.raises(CommandError, match="12 characters or more"):
        export(wallet, tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


def test_it_is_on_record_and_marked_for_good_without_the_key(
    wallet: Wallet, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    _, beside = export(wallet, tmp_path / "out", "--format", "raw")
    event = Event.objects.get()
    assert (event.action, event.actor_label, event.object_label) == ("wallet.exported", "Run402 Panel", "Ops")
    assert event.chain_id == str(wallet.team_id)
    assert set(event.details) == {"address", "format", "by", "command"}
    wallet.refresh_from_db()
    assert wallet.exported_at is not None
    seen = "".join((*capfd.readouterr(), caplog.text, beside, json.dumps(event.details)))
    assert KEY.hex() not in seen


def test_another_address_exports_nothing(wallet: Wallet, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not the address of this wallet"):
        export(wallet, tmp_path / "out", address="0x" + "11" * 20)
    assert (Event.objects.count(), list(tmp_path.iterdir())) == (0, [])


def test_nobody_at_the_terminal_confirms_nothing(
    wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{wallet.address}\n"))
    with pytest.raises(CommandError, match="--yes-address"):
        call_command("wallet_export", str(wallet.pk), "--out", str(tmp_path / "out"), stderr=io.StringIO())
    assert Event.objects.count() == 0


def test_the_typed_address_confirms(wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{wallet.address.lower()}\n"))
    beside = io.StringIO()
    call_command("wallet_export", str(wallet.pk), "--out", str(tmp_path / "out"), stderr=beside)
    assert "This hands out the key of Ops" in beside.getvalue()
    assert json.loads((tmp_path / "out").read_text())["address"] == wallet.address


def test_a_file_that_is_there_is_not_overwritten(wallet: Wallet, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(CommandError, match="there already"):
        export(wallet, tmp_path / "out")
    assert ((tmp_path / "out").read_text(), Event.objects.count()) == ("mine", 0)


def test_without_a_record_nothing_is_handed_out(
    wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError("the database is full")

    monkeypatch.setattr(exports, "record", refuse)
    with pytest.raises(OSError, match="full"):
        export(wallet, tmp_path / "out")
    wallet.refresh_from_db()
    assert (wallet.exported_at, list(tmp_path.iterdir())) == (None, [])


def test_without_the_private_keyset_it_refuses(wallet: Wallet, tmp_path: Path, settings: Settings) -> None:
    settings.VAULT_PRIVATE_KEYSET = ""
    with pytest.raises(CommandError, match=r"holds no private keyset.*PANEL_VAULT_PRIVATE_KEYSET_FILE"):
        export(wallet, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_wallet_without_a_key_of_its_own_is_refused(wallet: Wallet, tmp_path: Path) -> None:
    Wallet.objects.update(state=Wallet.State.MAKING)
    with pytest.raises(CommandError, match="no key to export"):
        export(wallet, tmp_path / "out")
