"""Every sealed column is known, counted by key and moved to the present key without losing anybody's change."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import BinaryField
from pytest_django import Settings

from audit.record import SYSTEM
from core.keysets import key_id_of
from notifications.models import Mail
from projects import keys as project_keys
from projects.models import Project
from tests.factories import MembershipFactory, PaymentFactory, ProjectFactory, WalletFactory
from tests.wallets.conftest import signed
from wallets import keysets, passkeys, policies, resealing, rotation, sealed, signer, spending, vault
from wallets.models import Payment, SpendPolicy, Wallet
from wallets.models.gateway import BASE_SEPOLIA
from wallets.passkeys import NewPasskey
from wallets.policies import Limits
from wallets.sealed import MacColumn, SealedColumn, sealed_columns
from wallets.vault import Context

LIMITS = Limits(1, 2, (BASE_SEPOLIA,))
#: Binary columns that hold nothing a keyset covers, with the reason.
PLAIN = {"wallets.TrustedPasskey.public_key": "public, as its name says"}


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, db: None) -> Path:
    """A worker's environment that names files."""
    keysets.create(tmp_path / "keys")
    settings.VAULT_PUBLIC_KEYSET = tmp_path / "keys" / keysets.PUBLIC
    settings.VAULT_PRIVATE_KEYSET = tmp_path / "keys" / keysets.PRIVATE
    settings.POLICY_MAC_KEYSET = tmp_path / "keys" / keysets.POLICY_MAC
    settings.RESULTS_KEYSET = tmp_path / "keys" / keysets.RESULTS
    return tmp_path / "keys"


@pytest.fixture
def rows(folder: Path) -> None:
    """One row of each kind, all under the first keys."""
    ready = WalletFactory.create()
    Wallet.objects.filter(pk=ready.pk).update(key_sealed=vault.seal(b"ready", signer.key_context(ready)))
    policies.write(ready, LIMITS)
    arriving = uuid.uuid4()
    import_seal = vault.seal(b"arriving", signer.import_context(arriving))
    WalletFactory.create(pk=arriving, state=Wallet.State.MAKING, address="", key_sealed=import_seal)
    payment = PaymentFactory.create(wallet=ready, state=Payment.State.RESERVED)
    spending._store_signed(payment, signed())
    project = ProjectFactory.create(wallet=ready, team=ready.team)
    service_key = project_keys.sealer(project.pk)("service")
    Project.objects.filter(pk=project.pk).update(service_key_sealed=service_key)
    letter = Mail(to="dora@example.com", subject="Welcome")
    letter.body_sealed = vault.seal(b"Come in", Context("notifications_mail", str(letter.pk), "body"))
    letter.save()


def promote(folder: Path) -> None:
    for name in ("vault", "policy"):
        rotation.add(folder, name)
        rotation.promote(folder, name)


def test_every_binary_column_of_the_database_is_registered_or_named_as_plain() -> None:
    found = {
        f"{model._meta.app_label}.{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }
    assert found - set(PLAIN) == set(sealed_columns.keys())


def test_rows_are_counted_by_the_key_in_their_prefix(folder: Path, rows: None) -> None:
    vault_key = rotation.keys_in(folder, "vault").primary
    policy_key = rotation.keys_in(folder, "policy").primary
    assert sealed.rows_per_key("vault") == {
        "wallets.Wallet.key_sealed": {vault_key: 2},
        "wallets.Payment.authorization_sealed": {vault_key: 1},
        "notifications.Mail.body_sealed": {vault_key: 1},
        "notifications.Hook.url_sealed": {},
        "notifications.Hook.secret_sealed": {},
        "projects.Project.service_key_sealed": {vault_key: 1},
        "projects.SecretDraft.values_sealed": {},
    }
    assert sealed.rows_per_key("policy")["wallets.SpendPolicy.mac"] == {policy_key: 1}


def test_everything_moves_to_the_present_key_and_still_opens(folder: Path, rows: None) -> None:
    promote(folder)
    tally = resealing.reseal()
    assert (tally.renewed, tally.passed, tally.stuck) == (6, 0, set())
    for name in ("vault", "policy"):
        assert sealed.rows_under(name, rotation.keys_in(folder, name).old) == {}
        rotation.retire(folder, name)

    ready = Wallet.objects.get(state=Wallet.State.READY)
    arriving = Wallet.objects.get(state=Wallet.State.MAKING)
    assert vault.unseal(bytes(ready.key_sealed), signer.key_context(ready)) == b"ready"
    assert vault.unseal(bytes(arriving.key_sealed), signer.import_context(arriving.pk)) == b"arriving"
    assert spending.held(Payment.objects.get()) == signed()
    assert project_keys.service_key(Project.objects.get()) == "service"
    assert policies.verified(ready) == LIMITS
    assert resealing.reseal().seen == 0


def test_passkeys_keep_their_marks_when_the_policy_key_changes(folder: Path) -> None:
    member = MembershipFactory.create()
    row = passkeys.trust(member, NewPasskey("AAAA", b"public key", "Laptop"), actor=SYSTEM)
    passkeys.allow_first(member.team, member.user, actor=SYSTEM)
    rotation.add(folder, "policy")
    rotation.promote(folder, "policy")
    assert resealing.reseal(("policy",)).renewed == 2
    rotation.retire(folder, "policy")
    row.refresh_from_db()
    assert passkeys.genuine(row)
    again = passkeys.trust(member, NewPasskey("BBBB", b"another", "Phone"), actor=SYSTEM)
    assert again.is_eligible


def test_whoever_changes_a_row_during_the_resealing_wins(
    folder: Path, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker ends a payment between our read and our write: its authorization must stay forgotten."""
    promote(folder)
    renew = SealedColumn.renew

    def end_first(column: SealedColumn, row: Payment) -> bytes:
        if column.model == "wallets.Payment":
            Payment.objects.filter(pk=row.pk).update(authorization_sealed=b"")
        return renew(column, row)

    monkeypatch.setattr(SealedColumn, "renew", end_first)
    tally = resealing.reseal(("vault",))
    assert (tally.renewed, tally.passed) == (4, 1)
    assert bytes(Payment.objects.get().authorization_sealed) == b""


def test_limits_that_were_tampered_with_are_not_made_genuine(folder: Path, rows: None) -> None:
    promote(folder)
    SpendPolicy.objects.update(per_day_micros=9_000_000)
    tally = resealing.reseal(("policy",))
    assert tally.renewed == 0
    assert [row.rsplit(" ", 4)[0].split(" ")[0] for row in tally.stuck] == ["wallets.SpendPolicy"]
    assert resealing.unopened("policy", list(rotation.keys_in(folder, "policy").old))[0] == 0


def test_a_moved_ciphertext_is_not_sealed_for_its_new_place(folder: Path, rows: None) -> None:
    ready = Wallet.objects.get(state=Wallet.State.READY)
    thief = WalletFactory.create(team=ready.team, key_sealed=bytes(ready.key_sealed))
    promote(folder)
    tally = resealing.reseal(("vault",))
    assert tally.stuck == {f"wallets.Wallet {thief.pk}: key_sealed does not open"}
    assert bytes(Wallet.objects.get(pk=thief.pk).key_sealed) == bytes(ready.key_sealed)


def test_it_goes_on_where_it_was_stopped(folder: Path, rows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(folder)
    swap = SealedColumn.swap

    def stop_after_one(column: SealedColumn, row: Wallet, new: bytes) -> bool:
        if sealed.rows_under("vault", [rotation.keys_in(folder, "vault").primary]):
            raise KeyboardInterrupt
        return swap(column, row, new)

    with monkeypatch.context() as patched:
        patched.setattr(SealedColumn, "swap", stop_after_one)
        with pytest.raises(KeyboardInterrupt):
            resealing.reseal(("vault",))
    assert resealing.reseal(("vault",)).renewed == 4


def test_a_pace_can_be_set(folder: Path, rows: None) -> None:
    promote(folder)
    started = time.monotonic()
    assert resealing.reseal(per_second=50).renewed == 6
    assert time.monotonic() - started >= 6 / 50


def test_many_rows_go_in_batches(folder: Path, rows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "BATCH", 3)
    team = Wallet.objects.filter(state=Wallet.State.READY).get().team
    for _ in range(7):
        wallet = WalletFactory.create(team=team)
        key_sealed = vault.seal(b"k", signer.key_context(wallet))
        Wallet.objects.filter(pk=wallet.pk).update(key_sealed=key_sealed)
    promote(folder)
    assert resealing.reseal(("vault",)).renewed == 12
    assert {key_id_of(bytes(wallet.key_sealed)) for wallet in Wallet.objects.all()} == {vault.present_key()}


def test_registered_columns_say_how_they_are_renewed() -> None:
    kinds = {name: type(column).__name__ for name, column in sealed_columns.items()}
    assert kinds["wallets.SpendPolicy.mac"] == MacColumn.__name__
    assert kinds["operations.Result.covered"] == "ResultColumn"
