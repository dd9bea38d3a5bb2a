"""Importing a wallet: sealed on arrival, judged by the worker, seen by nobody."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import reverse
from eth_account import Account

from billing import services
from billing.services import NewLimits
from core.errors import Refusal
from operations.models import Operation, State
from run402 import address_of
from teams.models import Team, User
from tests.billing.conftest import at
from tests.fixtures import ClientAs, RunOperations
from wallets import policies, signer, vault
from wallets.models import Gateway, Wallet

KEY = "c4a7f1" + "5b" * 29
ADDRESS = address_of(bytes.fromhex(KEY))
FORM = {"label": "From the CLI", "gateway": "cloud", "per_payment": "1.00", "per_day": "2.00"}
ALLOWANCE = {"address": ADDRESS.lower(), "privateKey": f"0x{KEY}", "rail": "x402", "created": "2026-11-22"}


PASSWORD = "correct horse battery"


def keystore(**numbers: Any) -> dict[str, Any]:
    """Return a keystore that opens fast, with these numbers of scrypt instead of its own."""
    made: dict[str, Any] = Account.encrypt(bytes.fromhex(KEY), PASSWORD, kdf="scrypt", iterations=2)
    made["crypto"]["kdfparams"].update(numbers)
    return made


@pytest.fixture
def cloud(db: None) -> Gateway:
    """Run402 Cloud, moved to where nobody listens."""
    values = {
        "name": "Run402 Cloud",
        "kind": Gateway.Kind.CLOUD,
        "url": "http://cloud.localhost:9",
        "rpc_urls": [],
    }
    return Gateway.objects.update_or_create(slug="cloud", defaults=values)[0]


@pytest.mark.parametrize(
    "given",
    [
        KEY,
        f"0x{KEY.upper()}",
        f"  0x{KEY}\n",
        json.dumps(ALLOWANCE),
        json.dumps({**ALLOWANCE, "address": ADDRESS}),
        json.dumps({"address": ADDRESS, "privateKey": KEY}),
        json.dumps({"address": f" {ADDRESS} ", "privateKey": f"0x{KEY}\n"}),
        json.dumps({**ALLOWANCE, "funded": True, "lastFaucet": "2026-11-22", "more": [1]}, indent=2),
        "\ufeff" + json.dumps(ALLOWANCE),
        f"0X{KEY}",
        f"{KEY[:32]} {KEY[32:]}\r\n",
    ],
)
def test_a_pasted_key_becomes_a_wallet_of_the_gateway(
    cloud: Gateway, keysets: None, alice: User, client_as: ClientAs, run_operations: RunOperations, given: str
) -> None:
    answer = client_as(alice).post("/wallets/import", {**FORM, "key": given})
    made = Wallet.objects.get()
    sealed_for_the_worker = bytes(made.key_sealed)
    run_operations()
    made.refresh_from_db()
    assert answer["Location"] == reverse("billing:wallet", args=[made.pk])
    assert (made.state, made.origin, made.gateway, made.address) == ("ready", "imported", cloud, ADDRESS)
    assert bytes(made.key_sealed) != sealed_for_the_worker
    assert vault.unseal(bytes(made.key_sealed), signer.key_context(made)).hex() == KEY
    assert policies.verified(made).per_day_micros == 2_000_000


def test_an_uploaded_allowance_file_never_touches_the_disk(
    cloud: Gateway, keysets: None, alice: User, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("an upload was written to the disk")

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", refuse)
    file = SimpleUploadedFile("allowance.json", json.dumps(ALLOWANCE).encode())
    client_as(alice).post("/wallets/import", {**FORM, "file": file})
    assert Wallet.objects.get().origin == Wallet.Origin.IMPORTED


def test_the_import_form_still_needs_its_token(cloud: Gateway, alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post("/wallets/import", {**FORM, "key": KEY}).status_code == 403
    assert Wallet.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", "Paste the key, or choose the file"),
        ("zzz", "A private key is 64 hexadecimal digits"),
        (KEY[:-1], "A private key is 64 hexadecimal digits"),
        (KEY + "00", "A private key is 64 hexadecimal digits"),
        ('{"privateKey"', "it is no valid JSON"),
        ("[]", "An allowance file has the fields"),
        ('{"address": "0x1"}', "An allowance file has the fields"),
        (json.dumps({**ALLOWANCE, "address": "0x1"}), "is not 0x and 40 hexadecimal digits"),
        (json.dumps({**ALLOWANCE, "rail": "mpp"}), "pays by MPP"),
        (json.dumps(ALLOWANCE)[:-1] + f', "privateKey": "{KEY}"}}', "it is no valid JSON"),
        (json.dumps(keystore()), "Type the password of this keystore."),
        (json.dumps({**keystore(), "version": 4}), "Only keystores of version 3"),
        (json.dumps({"version": 3, "crypto": {}}), "This keystore is damaged"),
        (json.dumps(keystore(n=2**19)), "would take too much memory or time"),
        (json.dumps(keystore(n=3)), "This keystore is damaged"),
        (json.dumps({**ALLOWANCE, "padding": "x" * 30_000}), "too long"),
    ],
)
def test_what_has_not_the_shape_of_a_key_is_refused_in_the_form(
    cloud: Gateway, public_keyset: None, alice: User, client_as: ClientAs, given: str, sentence: str
) -> None:
    answer = client_as(alice).post("/wallets/import", {**FORM, "key": given})
    assert sentence in answer.content.decode()
    assert Wallet.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("00" * 32, "KEY_INVALID"),
        ("ff" * 32, "KEY_INVALID"),
        (json.dumps({**ALLOWANCE, "address": "0x" + "11" * 20}), "KEY_ADDRESS_MISMATCH"),
    ],
)
def test_a_wrong_key_is_refused_by_the_worker_and_forgotten(
    cloud: Gateway,
    keysets: None,
    alice: User,
    client_as: ClientAs,
    run_operations: RunOperations,
    given: str,
    code: str,
) -> None:
    client_as(alice).post("/wallets/import", {**FORM, "key": given})
    run_operations()
    wallet, operation = Wallet.objects.get(), Operation.objects.get()
    assert (operation.state, operation.error["code"]) == (State.FAILED, code)
    assert (wallet.state, bytes(wallet.key_sealed), wallet.address) == ("failed", b"", "")


def test_a_keystore_is_sealed_with_its_password_and_opened_by_the_worker(
    cloud: Gateway, keysets: None, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    form = {**FORM, "key": json.dumps(keystore()), "password": PASSWORD, "address": ADDRESS.lower()}
    client_as(alice).post("/wallets/import", form)
    assert Operation.objects.get().lane == "wallet-import/keystores"
    run_operations()
    made = Wallet.objects.get()
    assert (made.state, made.address) == ("ready", ADDRESS)
    assert vault.unseal(bytes(made.key_sealed), signer.key_context(made)).hex() == KEY


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": json.dumps(keystore()), "password": "wrong"}, "KEYSTORE_PASSWORD"),
        (
            {"key": json.dumps({**keystore(), "address": "11" * 20}), "password": PASSWORD},
            "KEY_ADDRESS_MISMATCH",
        ),
        ({"key": KEY, "address": "0x" + "11" * 20}, "KEY_ADDRESS_MISMATCH"),
    ],
)
def test_what_only_the_worker_can_tell_is_told_by_it_and_nothing_is_kept(
    cloud: Gateway,
    keysets: None,
    alice: User,
    client_as: ClientAs,
    run_operations: RunOperations,
    fields: dict[str, str],
    code: str,
) -> None:
    client_as(alice).post("/wallets/import", {**FORM, **fields})
    run_operations()
    assert Operation.objects.get().error["code"] == code
    assert [(one.state, bytes(one.key_sealed)) for one in Wallet.objects.all()] == [("failed", b"")]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"key": KEY, "address": "0x12"}, "An address is 0x and 40 hexadecimal digits."),
        ({"key": json.dumps(ALLOWANCE), "address": "0x" + "11" * 20}, "The file belongs to another address."),
    ],
)
def test_an_address_that_cannot_be_the_keys_is_refused_in_the_form(
    cloud: Gateway,
    public_keyset: None,
    alice: User,
    client_as: ClientAs,
    fields: dict[str, str],
    sentence: str,
) -> None:
    answer = client_as(alice).post("/wallets/import", {**FORM, **fields})
    assert sentence in answer.content.decode()
    assert Wallet.objects.count() == 0


def test_a_wallet_that_the_team_has_already_is_named(
    cloud: Gateway, keysets: None, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser = client_as(alice)
    browser.post("/wallets/import", {**FORM, "key": KEY})
    browser.post("/wallets/import", {**FORM, "label": "Twice", "key": KEY})
    run_operations()
    error = Operation.objects.get(title="Import the wallet Twice").error
    assert error["code"] == "WALLET_KNOWN"
    assert "From the CLI" in error["message"]


def test_two_teams_may_import_the_same_wallet(
    cloud: Gateway,
    keysets: None,
    alice: User,
    charlie: User,
    client_as: ClientAs,
    run_operations: RunOperations,
) -> None:
    for person in (alice, charlie):
        client_as(person).post("/wallets/import", {**FORM, "key": KEY})
    run_operations()
    assert list(Wallet.objects.values_list("state", "address")) == [("ready", ADDRESS)] * 2


def test_a_sandbox_takes_no_imported_key(
    gateway: Gateway, alice: User, team: Team, public_keyset: None
) -> None:
    key = services.SealedKey(uuid.uuid4(), b"sealed", "")
    with pytest.raises(Refusal) as refused:
        services.import_wallet(
            team=team, actor=alice, gateway=gateway, label="No", key=key, limits=NewLimits(1, 1)
        )
    assert refused.value.fault.code == "WALLET_NOT_FOR_SANDBOX"


def test_on_a_sandbox_the_page_explains_and_offers_the_gateways_that_work(
    gateway: Gateway, cloud: Gateway, alice: User, client_as: ClientAs
) -> None:
    answer = at(client_as(alice), gateway).get("/wallets/import")
    assert "The sandbox takes no imported keys." in answer.content.decode()
    assert [value for value, _ in answer.context["form"].fields["gateway"].choices] == [cloud.slug]


# --- The key is nowhere ---


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def everything_stored() -> str:
    """Return every value of every row, bytes as hex."""
    cells: list[str] = []
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            cells += [
                bytes(cell).hex() if isinstance(cell, bytes | memoryview) else str(cell) for cell in row
            ]
    return "\n".join(cells).lower()


@pytest.mark.parametrize(
    "given",
    [
        KEY,
        KEY[:-2] + "zz",
        "00" * 31 + "00",
        json.dumps({**ALLOWANCE, "address": "no"}),
        json.dumps(keystore()),
        json.dumps(keystore(n=2**19)),
    ],
)
def test_an_imported_key_stands_in_no_page_row_session_or_log(
    cloud: Gateway,
    keysets: None,
    alice: User,
    client_as: ClientAs,
    run_operations: RunOperations,
    logged: pytest.LogCaptureFixture,
    given: str,
) -> None:
    browser = client_as(alice)
    pages = [browser.post("/wallets/import", {**FORM, "key": given, "password": PASSWORD}, follow=True)]
    run_operations()
    pages += [
        browser.get(url) for url in ("/wallets/", "/wallets/import", "/activity/", "/activity/?tab=audit")
    ]
    pages += [browser.get(f"/activity/{one.pk}") for one in Operation.objects.all()]
    pages += [browser.get(f"/wallets/{one.pk}") for one in Wallet.objects.all()]

    secret = "00" * 31 if given.startswith("0000") else "5b" * 20
    shown = "\n".join(page.content.decode() for page in pages).lower()
    session = json.dumps(dict(browser.session), default=str)
    assert PASSWORD not in shown + session + logged.text + everything_stored()
    assert secret not in shown + session + logged.text.lower()
    assert secret not in everything_stored()
