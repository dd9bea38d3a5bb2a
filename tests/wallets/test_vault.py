"""The vault: what is sealed opens in a worker, at its own place, and nowhere else."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.factories import WalletFactory
from tools.layout import ROOT, Layout
from wallets import keysets, macs, policies, rotation, signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.policies import Limits
from wallets.vault import Context, Locked

HERE = Context("wallets_wallet", "row-1", "key", "0xABCDEF")
WEB = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from core.errors import Refusal
from tests.factories import WalletFactory
from wallets import exports, macs, policies, signer, vault
from wallets.policies import Limits

wallet = WalletFactory.create()
sealed = vault.seal(b"k" * 32, signer.key_context(wallet))
wallet.key_sealed = sealed
attempts = {
    "unseal": lambda: vault.unseal(sealed, signer.key_context(wallet)),
    "unseal the row's column": lambda: vault.unseal_field(wallet, "key_sealed", signer.key_context(wallet)),
    "export the key": lambda: exports.open_key(wallet),
    "make a mark": lambda: macs.compute(b"limits"),
    "check a mark": lambda: macs.holds(b"mark", b"limits"),
    "write a policy": lambda: policies.write(wallet, Limits(1, 1, ("eip155:84532",))),
    "make a signing client": lambda: signer.client(wallet.gateway, wallet),
}
said = {"sealed": len(sealed) > 32}
for name, attempt in attempts.items():
    try:
        attempt()
    except Refusal as refusal:
        said[name] = refusal.fault.code
print(json.dumps(said))
"""


def test_what_web_seals_opens_in_a_worker(keysets: None) -> None:
    assert vault.unseal(vault.seal(b"secret", HERE), HERE) == b"secret"


def test_the_same_text_is_sealed_differently_each_time(keysets: None) -> None:
    assert vault.seal(b"secret", HERE) != vault.seal(b"secret", HERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"table": "projects_project"},
        {"row": "row-2"},
        {"field": "import"},
        {"address": "0xABCDE0"},
    ],
)
def test_a_ciphertext_moved_to_another_place_does_not_open(keysets: None, elsewhere: dict[str, str]) -> None:
    sealed = vault.seal(b"secret", HERE)
    with pytest.raises(Locked):
        vault.unseal(sealed, dataclasses.replace(HERE, **elsewhere))


def test_the_spelling_of_an_address_does_not_matter(keysets: None) -> None:
    sealed = vault.seal(b"secret", HERE)
    assert vault.unseal(sealed, dataclasses.replace(HERE, address="0xabcdef")) == b"secret"


def test_a_changed_ciphertext_does_not_open(keysets: None) -> None:
    sealed = bytearray(vault.seal(b"secret", HERE))
    sealed[-1] ^= 1
    with pytest.raises(Locked):
        vault.unseal(bytes(sealed), HERE)


def test_web_seals_but_does_not_unseal(public_keyset: None) -> None:
    sealed = vault.seal(b"secret", HERE)
    with pytest.raises(Locked):
        vault.unseal(sealed, HERE)
    assert vault.can_unseal() is False


def test_a_process_with_webs_environment_unseals_nothing_makes_no_mark_writes_no_policy_and_signs_nothing(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path / "data", 8000, 8402)
    layout.make_folders()
    keysets.create(layout.keys)
    web = {**layout.environment("web"), "DJANGO_SETTINGS_MODULE": "run402_panel.settings"}
    assert {name for name in web if "KEYSET" in name} == {
        "PANEL_VAULT_PUBLIC_KEYSET_FILE",
        "PANEL_RESULTS_KEYSET_FILE",
        "PANEL_AUDIT_PUBLIC_KEYSET_FILE",
    }

    command = [sys.executable, "-c", WEB]
    done = subprocess.run(command, cwd=ROOT, env=web, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "sealed": True,
        "unseal": "VAULT_LOCKED",
        "unseal the row's column": "VAULT_LOCKED",
        "export the key": "VAULT_LOCKED",
        "make a mark": "VAULT_LOCKED",
        "check a mark": "VAULT_LOCKED",
        "write a policy": "VAULT_LOCKED",
        "make a signing client": "VAULT_LOCKED",
    }


# --- a worker without its keys ---


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """A worker's environment that names files."""
    keysets.create(tmp_path / "keys")
    settings.VAULT_PUBLIC_KEYSET = tmp_path / "keys" / keysets.PUBLIC
    settings.VAULT_PRIVATE_KEYSET = tmp_path / "keys" / keysets.PRIVATE
    settings.POLICY_MAC_KEYSET = tmp_path / "keys" / keysets.POLICY_MAC
    return tmp_path / "keys"


def said(refused: pytest.ExceptionInfo[Locked]) -> str:
    fault = refused.value.fault
    return " ".join([fault.message, *(step["label"] for step in fault.next_actions)])


def test_a_file_that_goes_refuses_with_the_next_step_and_recovers_when_it_is_back(folder: Path) -> None:
    sealed = vault.seal(b"secret", HERE)
    (folder / keysets.PRIVATE).rename(folder / "elsewhere")
    with pytest.raises(Locked) as refused:
        vault.unseal(sealed, HERE)
    assert (vault.can_unseal(), macs.can_check()) == (False, True)
    assert "cannot use its private keyset" in said(refused)
    assert "PANEL_VAULT_PRIVATE_KEYSET_FILE names back; it counts at once" in said(refused)

    (folder / "elsewhere").rename(folder / keysets.PRIVATE)
    assert (vault.can_unseal(), vault.unseal(sealed, HERE)) == (True, b"secret")


def test_garbage_in_the_policy_keys_file_refuses_every_limit_and_names_the_variable(
    folder: Path, db: None
) -> None:
    wallet = WalletFactory.create()
    policies.write(wallet, Limits(1, 2, (BASE_SEPOLIA,)))
    kept = (folder / keysets.POLICY_MAC).read_text()
    (folder / keysets.POLICY_MAC).write_text("garbage")
    for attempt in (lambda: policies.verified(wallet), lambda: policies.write(wallet, Limits(1, 2, ()))):
        with pytest.raises(Locked) as refused:
            attempt()
        assert "PANEL_POLICY_MAC_KEYSET_FILE" in said(refused)
    assert (vault.can_unseal(), macs.can_check()) == (True, False)

    rotation.replace(folder / keysets.POLICY_MAC, kept)
    assert policies.verified(wallet) == Limits(1, 2, (BASE_SEPOLIA,))


def test_what_an_unknown_key_sealed_says_which_key_it_was(folder: Path, tmp_path: Path) -> None:
    sealed = vault.seal(b"secret", HERE)
    lost = vault.present_key()
    keysets.create(tmp_path / "others")
    for name in (keysets.PRIVATE, keysets.PUBLIC):
        rotation.replace(folder / name, (tmp_path / "others" / name).read_text())
    with pytest.raises(Locked) as refused:
        vault.unseal(sealed, HERE)
    assert f"key {lost}, which the worker does not hold" in said(refused)


def test_limits_marked_with_an_unknown_key_say_so_and_are_not_called_forged(
    folder: Path, tmp_path: Path, db: None
) -> None:
    wallet = WalletFactory.create()
    policies.write(wallet, Limits(1, 2, (BASE_SEPOLIA,)))
    keysets.create(tmp_path / "others")
    rotation.replace(folder / keysets.POLICY_MAC, (tmp_path / "others" / keysets.POLICY_MAC).read_text())
    with pytest.raises(Locked, match="a key that this worker does not hold"):
        policies.verified(wallet)


def test_a_worker_seals_nothing_that_it_could_not_open(folder: Path, tmp_path: Path) -> None:
    keysets.create(tmp_path / "others")
    rotation.replace(folder / keysets.PUBLIC, (tmp_path / "others" / keysets.PUBLIC).read_text())
    with pytest.raises(Locked, match="does not belong to its private one"):
        vault.seal(b"service key that is shown once", HERE)


def test_web_with_the_private_file_in_place_of_the_public_one_seals_nothing(
    folder: Path, settings: Settings
) -> None:
    settings.VAULT_PRIVATE_KEYSET = ""
    settings.VAULT_PUBLIC_KEYSET = folder / keysets.PRIVATE
    with pytest.raises(Locked, match="no public keyset"):
        vault.seal(b"secret", HERE)


def test_a_row_that_was_sealed_anew_under_the_reader_is_read_again(folder: Path, db: None) -> None:
    wallet = WalletFactory.create()
    Wallet.objects.filter(pk=wallet.pk).update(key_sealed=vault.seal(b"k", signer.key_context(wallet)))
    held = Wallet.objects.get(pk=wallet.pk)
    rotation.add(folder, "vault")
    rotation.promote(folder, "vault")
    Wallet.objects.filter(pk=wallet.pk).update(key_sealed=vault.seal(b"k", signer.key_context(wallet)))
    rotation.retire(folder, "vault")

    with pytest.raises(Locked):
        vault.unseal(bytes(held.key_sealed), signer.key_context(held))
    assert vault.unseal_field(held, "key_sealed", signer.key_context(held)) == b"k"


def test_what_is_shown_once_is_sealed_even_when_the_files_go_meanwhile(folder: Path) -> None:
    seal = vault.sealer()
    for name in (keysets.PRIVATE, keysets.PUBLIC):
        (folder / name).rename(folder / f"{name}.away")
    sealed = seal(b"secret", HERE)
    for name in (keysets.PRIVATE, keysets.PUBLIC):
        (folder / f"{name}.away").rename(folder / name)
    assert vault.unseal(sealed, HERE) == b"secret"
