"""Making and importing wallets, funding and limiting them."""

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
from django.utils import timezone

from audit.models import Event
from billing import services
from billing.services import NewLimits
from core.errors import Refusal
from operations.models import Operation, OperationEvent, State
from run402 import address_of
from teams.models import Team, User
from tests.billing.conftest import Order, at, attempt
from tests.factories import WalletFactory
from tests.fixtures import ClientAs, RunOperations
from wallets import policies, signer, vault
from wallets.models import Gateway, Wallet
from wallets.policies import Limits

KEY = "c4a7f1" + "5b" * 29
ADDRESS = address_of(bytes.fromhex(KEY))
FORM = {"label": "From the CLI", "gateway": "cloud", "per_payment": "1.00", "per_day": "2.00"}
ALLOWANCE = {"address": ADDRESS.lower(), "privateKey": f"0x{KEY}", "rail": "x402", "created": "2026-11-22"}


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


# --- Made here ---


def test_the_worker_makes_key_address_and_limits(wallet: Wallet) -> None:
    key = vault.unseal(bytes(wallet.key_sealed), signer.key_context(wallet))
    assert wallet.state == Wallet.State.READY
    assert wallet.address == address_of(key)
    assert policies.verified(wallet) == Limits(1_000_000, 2_000_000, wallet.gateway.networks)
    assert "wallet.made" in Event.objects.values_list("action", flat=True)


def test_a_wallet_that_was_made_never_gets_another_key_or_other_limits(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    sealed = bytes(wallet.key_sealed)
    Wallet.objects.update(state=Wallet.State.MAKING)
    again = Operation.objects.get(kind="wallet.create")
    Operation.objects.update(state=State.QUEUED, args={"per_payment_micros": 9, "per_day_micros": 9})
    run_operations()
    again.refresh_from_db()
    assert again.error["code"] == "WALLET_MADE"
    assert policies.verified(wallet).per_payment_micros == 1_000_000
    assert bytes(sealed) != b""


def test_two_wallets_of_one_name_are_refused(wallet: Wallet, alice: User, client_as: ClientAs) -> None:
    browser = at(client_as(alice), wallet.gateway)
    answer = browser.post("/wallets/new", {"label": "first", "per_payment": "1", "per_day": "2"})
    assert "There is a wallet of this name already." in answer.content.decode()
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize(
    ("per_payment", "per_day", "sentence"),
    [
        ("3", "2", "A single payment cannot be above the limit per day."),
        ("-1", "2", "greater than or equal to 0"),
        ("0.0000001", "2", "no more than 6 decimal places"),
        ("1", "99999", "less than or equal to 10000"),
        ("one", "2", "Enter a number."),
    ],
)
def test_limits_that_make_no_sense_are_refused_in_the_form(
    gateway: Gateway, alice: User, client_as: ClientAs, per_payment: str, per_day: str, sentence: str
) -> None:
    form = {"label": "New", "per_payment": per_payment, "per_day": per_day}
    answer = at(client_as(alice), gateway).post("/wallets/new", form)
    assert sentence in answer.content.decode()
    assert Wallet.objects.count() == 0


# --- Imported ---


@pytest.mark.parametrize(
    "given",
    [
        KEY,
        f"0x{KEY.upper()}",
        f"  0x{KEY}\n",
        json.dumps(ALLOWANCE),
        json.dumps({**ALLOWANCE, "address": ADDRESS}),
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
    "given", [KEY, KEY[:-2] + "zz", "00" * 31 + "00", json.dumps({**ALLOWANCE, "address": "no"})]
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
    pages = [browser.post("/wallets/import", {**FORM, "key": given}, follow=True)]
    run_operations()
    pages += [
        browser.get(url) for url in ("/wallets/", "/wallets/import", "/activity/", "/activity/?tab=audit")
    ]
    pages += [browser.get(f"/activity/{one.pk}") for one in Operation.objects.all()]
    pages += [browser.get(f"/wallets/{one.pk}") for one in Wallet.objects.all()]

    secret = "5b" * 20 if "5b" in given else "00" * 31
    shown = "\n".join(page.content.decode() for page in pages).lower()
    session = json.dumps(dict(browser.session), default=str)
    assert secret not in shown + session + logged.text.lower()
    assert secret not in everything_stored()


# --- Faucet ---


def test_the_faucet_is_watched_until_the_money_is_there(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    wallet.refresh_from_db()
    operation.refresh_from_db()
    assert (wallet.balance_micros, operation.state) == (250_000, State.SUCCEEDED)
    assert "The faucet sent $0.25 of test money." in _events(operation)


def _events(operation: Operation) -> list[str]:
    return list(OperationEvent.objects.filter(operation=operation).values_list("message", flat=True))


def test_within_a_day_the_faucet_is_not_even_asked(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    answer = client_as(alice).post(reverse("billing:faucet", args=[wallet.pk]), follow=True)
    assert "The faucet gives once in 24 hours." in answer.content.decode()
    assert Operation.objects.filter(kind="wallet.faucet").count() == 1


def test_a_faucet_that_says_too_soon_is_believed(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    Wallet.objects.update(faucet_at=None)  # somebody else drew for this address
    wallet.refresh_from_db()
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    operation.refresh_from_db()
    wallet.refresh_from_db()
    assert (operation.state, operation.error["code"]) == (State.FAILED, "FAUCET_PAUSE")
    assert "Ask it again in 2" in operation.error["message"]
    assert services.faucet_again(wallet) is not None


def test_a_drip_whose_answer_was_lost_is_found_on_the_chain(
    wallet: Wallet, alice: User, run_operations: RunOperations, order: Order
) -> None:
    order("drop_after", path="/faucet/v1", method="POST")
    operation = services.draw_faucet(wallet=wallet, actor=alice)
    run_operations()
    operation.refresh_from_db()
    wallet.refresh_from_db()
    assert (operation.state, wallet.balance_micros) == (State.SUCCEEDED, 250_000)


# --- Limits ---


def test_limits_are_lowered_by_the_worker(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    client_as(alice).post(
        reverse("billing:limits", args=[wallet.pk]), {"per_payment": "0.25", "per_day": "0.5"}
    )
    run_operations()
    assert policies.verified(wallet) == Limits(250_000, 500_000, wallet.gateway.networks)


def test_a_limit_is_never_raised_in_the_form(wallet: Wallet, alice: User, client_as: ClientAs) -> None:
    url = reverse("billing:limits", args=[wallet.pk])
    answer = client_as(alice).post(url, {"per_payment": "1.00", "per_day": "2.01"})
    assert "A limit can be lowered here, never raised: now $2.00." in answer.content.decode()
    assert Operation.objects.filter(kind="wallet.limits").count() == 0


def test_a_limit_is_never_raised_by_the_worker_either(
    wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation = services.lower_limits(wallet=wallet, actor=alice, limits=NewLimits(1_000_000, 2_000_001))
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "LIMIT_RAISED"
    assert policies.verified(wallet).per_day_micros == 2_000_000


# --- Mirror ---


def test_looking_at_an_old_balance_reads_it_once(
    wallet: Wallet, alice: User, client_as: ClientAs, run_operations: RunOperations
) -> None:
    browser = client_as(alice)
    for _ in range(3):
        page = browser.get(reverse("billing:wallet", args=[wallet.pk]))
    run_operations()
    wallet.refresh_from_db()
    assert "data-poll" in page.content.decode()
    assert Operation.objects.filter(kind="wallet.balance").count() == 1
    assert (wallet.balance_micros, wallet.tier) == (0, "")
    assert browser.get(reverse("billing:wallet_money", args=[wallet.pk])).status_code == 286


def test_a_reading_that_fails_says_so_and_keeps_what_was_read(
    wallet: Wallet, alice: User, client_as: ClientAs, order: Order
) -> None:
    hour_ago = timezone.now() - services.FAUCET_PAUSE
    Wallet.objects.update(balance_micros=700_000, balance_at=hour_ago)
    order("status", path="/tiers/v1/status", method="GET", times=99, status=500, retryable=False)
    browser = client_as(alice)
    url = reverse("billing:wallet", args=[wallet.pk])
    browser.get(url)
    attempt(Operation.objects.get(kind="wallet.balance"))
    page = browser.get(url).content.decode()
    assert "The last reading failed." in page


def test_a_failed_wallet_leaves_the_list_after_a_day(
    gateway: Gateway, team: Team, alice: User, client_as: ClientAs
) -> None:
    failed = WalletFactory.create(
        team=team, gateway=gateway, label="Broken", state=Wallet.State.FAILED, address=""
    )
    browser = at(client_as(alice), gateway)
    before = browser.get("/wallets/").content.decode()
    Wallet.objects.filter(pk=failed.pk).update(created_at=timezone.now() - services.FAUCET_PAUSE * 2)
    assert "Broken" in before
    assert "Broken" not in browser.get("/wallets/").content.decode()
