"""The vault: what is sealed opens in a worker, at its own place, and nowhere else."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.layout import ROOT, Layout
from wallets import keysets, vault
from wallets.vault import Context, Locked

HERE = Context("wallets_wallet", "row-1", "key", "0xABCDEF")
WEB = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from core.errors import Refusal
from tests.factories import WalletFactory
from wallets import policies, signer, vault
from wallets.policies import Limits

wallet = WalletFactory.create()
sealed = vault.seal(b"k" * 32, signer.key_context(wallet))
wallet.key_sealed = sealed
attempts = {
    "unseal": lambda: vault.unseal(sealed, signer.key_context(wallet)),
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


def test_a_process_with_webs_environment_unseals_nothing_writes_no_policy_and_signs_nothing(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path / "data", 8000, 8402)
    layout.make_folders()
    keysets.create(layout.keys)
    web = {**layout.environment("web"), "DJANGO_SETTINGS_MODULE": "run402_panel.settings"}
    assert "PANEL_VAULT_PUBLIC_KEYSET_FILE" in web

    command = [sys.executable, "-c", WEB]
    done = subprocess.run(command, cwd=ROOT, env=web, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "sealed": True,
        "unseal": "VAULT_LOCKED",
        "write a policy": "VAULT_LOCKED",
        "make a signing client": "VAULT_LOCKED",
    }
