"""The commands that rotate keysets, and what they refuse."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.models import Event
from operations import pulse, results, rotating
from operations.models import WorkerPulse
from tests.factories import OperationFactory, WalletFactory
from wallets import keysets, policies, rotation, signer, vault
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.policies import Limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """A worker's environment that names files."""
    keysets.create(tmp_path / "keys")
    settings.VAULT_PUBLIC_KEYSET = tmp_path / "keys" / keysets.PUBLIC
    settings.VAULT_PRIVATE_KEYSET = tmp_path / "keys" / keysets.PRIVATE
    settings.POLICY_MAC_KEYSET = tmp_path / "keys" / keysets.POLICY_MAC
    settings.RESULTS_KEYSET = tmp_path / "keys" / keysets.RESULTS
    return tmp_path / "keys"


@pytest.fixture
def wallet(folder: Path) -> Wallet:
    made: Wallet = WalletFactory.create()
    key_sealed = vault.seal(b"k", signer.key_context(made))
    Wallet.objects.filter(pk=made.pk).update(key_sealed=key_sealed)
    policies.write(made, Limits(1, 2, (BASE_SEPOLIA,)))
    return made


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def rotate(phase: str, folder: Path, *rest: str) -> str:
    return run("keysets_rotate", phase, "--folder", str(folder), *rest)


def test_the_steps_one_after_another(folder: Path, wallet: Wallet) -> None:
    first = rotation.keys_in(folder, "vault").primary
    assert "nothing is written with it yet" in rotate("add", folder)
    assert "writes from now on" in rotate("promote", folder)
    assert "vault, policy: 2 rows renewed" in run("keysets_reseal")
    assert f"vault: retired {first}" in rotate("retire", folder, "--grace", "0")

    wallet.refresh_from_db()
    assert vault.unseal(bytes(wallet.key_sealed), signer.key_context(wallet)) == b"k"
    assert list(folder.glob("*before*")) == []
    actions = list(Event.objects.order_by("seq").values_list("action", "object_id"))
    assert actions == [
        ("keyset.key_added", "vault"),
        ("keyset.key_added", "policy"),
        ("keyset.promoted", "vault"),
        ("keyset.promoted", "policy"),
        ("keyset.resealed", "vault, policy"),
        ("keyset.retired", "vault"),
        ("keyset.retired", "policy"),
    ]


def test_all_of_them_in_one(folder: Path, wallet: Wallet) -> None:
    before = rotation.keys_in(folder, "policy")
    said = rotate("all", folder, "--keyset", "policy", "--grace", "0")
    assert f"policy: retired {before.primary}" in said
    assert policies.verified(wallet) == Limits(1, 2, (BASE_SEPOLIA,))


def test_nothing_is_promoted_that_a_live_worker_cannot_read(folder: Path) -> None:
    pulse.beat_once("here")
    pulse.beat_once("far-away")
    rotate("add", folder, "--keyset", "vault")
    pulse.beat_once("here")
    with pytest.raises(CommandError, match=r"^far-away cannot read with key .* Copy vault-private.json"):
        rotate("promote", folder, "--keyset", "vault")
    pulse.beat_once("far-away")  # its machine has the new file now
    assert "writes from now on" in rotate("promote", folder, "--keyset", "vault")


def test_a_key_that_rows_need_is_not_retired(folder: Path, wallet: Wallet) -> None:
    rotate("add", folder)
    rotate("promote", folder)
    with pytest.raises(
        CommandError, match=r"1 of wallets\.Wallet\.key_sealed\. Run `manage.py keysets_reseal`"
    ):
        rotate("retire", folder, "--grace", "0")
    assert len(rotation.keys_in(folder, "vault").old) == 1


def test_a_key_is_not_retired_right_after_the_promotion(folder: Path, wallet: Wallet) -> None:
    rotate("add", folder)
    rotate("promote", folder)
    run("keysets_reseal")
    with pytest.raises(CommandError, match="may still be on its way"):
        rotate("retire", folder)


def test_a_value_that_was_sealed_at_the_very_last_moment_brings_the_key_back(
    folder: Path, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = vault.seal(b"k", signer.key_context(wallet))
    rotate("add", folder)
    rotate("promote", folder)
    run("keysets_reseal")
    retire = rotation.retire

    def and_then_it_arrives(folder: Path, name: str) -> tuple[int, ...]:
        retired = retire(folder, name)
        Wallet.objects.filter(pk=wallet.pk).update(key_sealed=late)
        return retired

    monkeypatch.setattr(rotation, "retire", and_then_it_arrives)
    with pytest.raises(CommandError, match="The key is back"):
        rotate("retire", folder, "--grace", "0", "--keyset", "vault")
    assert vault.unseal(late, signer.key_context(wallet)) == b"k"


def test_rows_that_no_key_opens_are_named_and_given_up_only_when_asked(folder: Path, wallet: Wallet) -> None:
    thief = WalletFactory.create(team=wallet.team)
    wallet.refresh_from_db()
    Wallet.objects.filter(pk=thief.pk).update(key_sealed=wallet.key_sealed)
    rotate("add", folder)
    rotate("promote", folder)
    assert f"left as it is: wallets.Wallet {thief.pk}" in run("keysets_reseal")
    with pytest.raises(CommandError, match=f"wallets.Wallet {thief.pk}"):
        rotate("retire", folder, "--grace", "0")
    assert "retired" in rotate("retire", folder, "--grace", "0", "--despite-lost-rows")


def test_a_results_key_is_kept_while_an_answer_needs_it(folder: Path) -> None:
    results.put(OperationFactory.create(), "rows", b"[]")
    rotate("add", folder, "--keyset", "results")
    rotate("promote", folder, "--keyset", "results")
    with pytest.raises(CommandError, match="1 answers are covered with an old key"):
        rotate("retire", folder, "--keyset", "results", "--grace", "0")


def test_resealing_without_the_private_keyset_says_what_to_do(
    folder: Path, wallet: Wallet, settings: Settings
) -> None:
    rotate("add", folder)
    rotate("promote", folder)
    settings.VAULT_PRIVATE_KEYSET = ""
    with pytest.raises(CommandError, match=r"holds no private keyset.*PANEL_VAULT_PRIVATE_KEYSET_FILE"):
        run("keysets_reseal")


def test_the_status_lists_keys_with_their_rows_and_workers(folder: Path, wallet: Wallet) -> None:
    old = rotation.keys_in(folder, "vault").primary
    rotate("add", folder, "--keyset", "vault")
    new = rotation.promote(folder, "vault")
    waiting = rotation.add(folder, "vault")
    pulse.beat_once("bench-1")
    lines = [" ".join(line.split()) for line in run("keysets_status").splitlines()]
    assert lines[:4] == [
        "vault: 3 keys",
        f"{old} old 1 wallets.Wallet.key_sealed",
        f"{new} primary no rows",
        f"{waiting} waiting no rows",
    ]
    assert lines[-1].startswith(f"worker bench-1, alive 0 s ago: vault {old}, {new}, {waiting}; policy ")


def test_the_status_shows_rows_of_a_key_that_is_nowhere(
    folder: Path, wallet: Wallet, settings: Settings
) -> None:
    lost = rotation.keys_in(folder, "vault").primary
    settings.VAULT_PRIVATE_KEYSET = settings.VAULT_PUBLIC_KEYSET = ""
    said = [" ".join(line.split()) for line in run("keysets_status").splitlines()]
    assert said[:2] == [
        "vault: no keyset in this process (not configured)",
        f"{lost} not here 1 wallets.Wallet.key_sealed",
    ]


def test_a_worker_tells_key_ids_and_no_keys(folder: Path) -> None:
    pulse.beat_once("bench-1")
    told = WorkerPulse.objects.get().keys
    assert told == {name: [rotation.keys_in(folder, name).primary] for name in ("vault", "policy", "results")}


def test_without_workers_all_goes_on_at_once(folder: Path) -> None:
    started = time.monotonic()
    rotating.everything(folder, ("results",), lambda said: None, grace=0)
    assert time.monotonic() - started < rotating.PATIENCE_SECONDS
