"""Raising limits and exporting keys: confirmed by a passkey, done by the worker, traced for good."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.record import SYSTEM
from billing import custody, limits
from billing.services import NewLimits
from core import letters
from core.letters import Letter
from core.registry import erasers, personal_data
from operations import consent, runner
from operations.models import Operation, State
from run402 import address_of
from teams.models import Membership, Role, Team, User
from tests.billing.conftest import at
from tests.factories import TeamFactory
from tests.fixtures import ClientAs, RunOperations
from tests.passkeys import SoftPasskey
from wallets import passkeys, policies, reveal
from wallets.limits import Cap
from wallets.models import SpendPolicy, TrustedPasskey, Wallet
from wallets.policies import Limits

Confirm = Callable[[Operation], Operation]


@pytest.fixture
def passkey(team: Team, alice: User, keysets: None, run_operations: RunOperations) -> SoftPasskey:
    """alice's passkey, let in at once."""
    passkeys.allow_first(team, alice, actor=SYSTEM)
    soft = SoftPasskey(alice)
    soft.register()
    run_operations()
    return soft


@pytest.fixture
def confirm(passkey: SoftPasskey, alice: User, run_operations: RunOperations) -> Confirm:
    """Return a function that confirms an operation as alice and has it done."""

    def go(operation: Operation) -> Operation:
        consent.give(operation, actor=alice, assertion=passkey.confirm(operation))
        run_operations()
        operation.refresh_from_db()
        return operation

    return go


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Letter]:
    """The letters that were handed over."""
    letters_sent: list[Letter] = []

    def carry(letter: Letter) -> bool:
        letters_sent.append(letter)
        return True

    monkeypatch.setattr(letters, "carriers", [carry])
    return letters_sent


@pytest.fixture
def tab() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def reader_of(tab: ec.EllipticCurvePrivateKey) -> str:
    return reveal.encode(tab.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def opened(sealed: str, tab: ec.EllipticCurvePrivateKey, operation: Operation) -> bytes:
    info = reveal.info(operation.pk, operation.team_id, custody.EXPORT)
    return bytes(reveal.SUITE.decrypt(base64.urlsafe_b64decode(f"{sealed}=="), tab, info))


def raise_in_form(browser: Client, wallet: Wallet, one: str, day: str) -> Any:
    return browser.post(
        reverse("billing:limits", args=[wallet.pk]), {"per_payment": one, "per_day": day}, follow=True
    )


# --- Raising ---


def test_an_owner_raises_limits_with_a_passkey(
    wallet: Wallet, alice: User, client_as: ClientAs, confirm: Confirm
) -> None:
    page = raise_in_form(at(client_as(alice), wallet.gateway), wallet, "1.50", "3").content.decode()
    operation = Operation.objects.get(kind="wallet.raise")
    assert "from $1.00 to $1.50" in page
    assert "from $2.00 to $3.00" in page
    assert policies.verified(wallet).per_day_micros == 2_000_000
    assert confirm(operation).state == State.SUCCEEDED
    assert policies.verified(wallet) == Limits(1_500_000, 3_000_000, wallet.gateway.networks)
    assert Event.objects.filter(action="wallet.limits_raised").count() == 1


def test_limits_that_changed_meanwhile_are_not_raised(wallet: Wallet, alice: User, confirm: Confirm) -> None:
    operation = limits.raise_limits(
        wallet=wallet, policy=wallet.policy, actor=alice, limits=NewLimits(1_000_000, 9_000_000)
    )
    policies.write(wallet, Limits(500_000, 500_000, wallet.gateway.networks))
    assert confirm(operation).error["code"] == "LIMITS_CHANGED"
    assert policies.verified(wallet).per_day_micros == 500_000


@pytest.mark.parametrize(("one", "day"), [(1, policies.MOST_MICROS + 1), (5, 4), (-1, 4)])
def test_limits_without_sense_are_refused_by_the_worker(
    wallet: Wallet, alice: User, confirm: Confirm, one: int, day: int
) -> None:
    operation = limits.raise_limits(
        wallet=wallet, policy=wallet.policy, actor=alice, limits=NewLimits(one, day)
    )
    assert confirm(operation).error["code"] == "LIMITS_SENSELESS"


def test_a_single_limit_is_added_at_once_and_taken_away_with_a_passkey(
    wallet: Wallet, alice: User, client_as: ClientAs, confirm: Confirm, run_operations: RunOperations
) -> None:
    browser, url = at(client_as(alice), wallet.gateway), reverse("billing:limits", args=[wallet.pk])
    form = {"per_payment": "1.00", "per_day": "2.00"}
    browser.post(url, {**form, "about": "kind:tier", "window": "week", "amount": "0.50"})
    run_operations()
    cap = Cap("kind", "tier", "test", "week", 500_000)
    assert policies.verified(wallet).caps == (cap,)
    assert 'value="0.50"' in browser.get(url).content.decode()

    page = browser.post(url, form, follow=True).content.decode()
    assert "Tiers: in 7 days" in page
    assert "no limit any more" in page
    assert policies.verified(wallet).caps == (cap,)
    assert confirm(Operation.objects.get(kind="wallet.raise")).state == State.SUCCEEDED
    assert policies.verified(wallet).caps == ()


def test_a_raise_asked_before_the_panel_was_updated_is_asked_anew(
    wallet: Wallet, alice: User, confirm: Confirm
) -> None:
    operation = limits.raise_limits(
        wallet=wallet, policy=wallet.policy, actor=alice, limits=NewLimits(1_000_000, 9_000_000)
    )
    del operation.args["now"]
    operation.save(update_fields=["args"])
    assert confirm(operation).error["code"] == "LIMITS_CHANGED"


# --- Exporting ---


def test_the_tab_that_asked_opens_the_key_once(
    wallet: Wallet,
    alice: User,
    client_as: ClientAs,
    passkey: SoftPasskey,
    tab: ec.EllipticCurvePrivateKey,
    run_operations: RunOperations,
) -> None:
    browser = at(client_as(alice), wallet.gateway)
    url = reverse("billing:wallet_export", args=[wallet.pk])
    fragment = browser.post(url, {"reader": reader_of(tab)}).content.decode()
    operation = Operation.objects.get(kind="wallet.export")
    assert f'data-confirm-ids="{passkey.credential_id}"' in fragment
    assert wallet.address in fragment
    sealed_url = reverse("operations:sealed", args=[operation.pk])
    assert browser.post(sealed_url).status_code == 202
    answer = browser.post(
        consent.url(operation),
        {"assertion": json.dumps(passkey.confirm(operation))},
        headers={"X-Requested-With": "panel"},
    )
    assert answer.status_code == 204
    run_operations()
    answer = browser.post(sealed_url)
    assert "no-store" in answer["Cache-Control"]
    key = opened(answer.json()["sealed"], tab, operation)
    assert address_of(bytes.fromhex(key.decode().removeprefix("0x"))) == wallet.address
    assert browser.post(sealed_url).status_code == 410
    operation.refresh_from_db()
    assert operation.result == {}


def test_an_export_marks_the_wallet_for_good(
    wallet: Wallet, alice: User, client_as: ClientAs, confirm: Confirm, tab: ec.EllipticCurvePrivateKey
) -> None:
    confirm(custody.export_wallet(wallet=wallet, actor=alice, reader=reader_of(tab)))
    wallet.refresh_from_db()
    assert wallet.exported_by == "Alice"
    page = at(client_as(alice), wallet.gateway).get(reverse("billing:wallet", args=[wallet.pk]))
    said = f"Its key was exported on {wallet.exported_at:%Y-%m-%d %H:%M} UTC by Alice."
    assert said in page.content.decode()
    assert Event.objects.filter(action="wallet.exported", object_id=str(wallet.pk)).count() == 1


def test_another_reader_than_the_confirmed_one_gets_nothing(
    wallet: Wallet,
    alice: User,
    passkey: SoftPasskey,
    tab: ec.EllipticCurvePrivateKey,
    run_operations: RunOperations,
) -> None:
    operation = custody.export_wallet(wallet=wallet, actor=alice, reader=reader_of(tab))
    consent.give(operation, actor=alice, assertion=passkey.confirm(operation))
    thief = reader_of(ec.generate_private_key(ec.SECP256R1()))
    Operation.objects.filter(pk=operation.pk).update(args={"reader": thief})
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "CONSENT_OTHER"
    wallet.refresh_from_db()
    assert wallet.exported_at is None


def test_a_wallet_of_another_team_is_not_exported(
    wallet: Wallet, alice: User, confirm: Confirm, tab: ec.EllipticCurvePrivateKey
) -> None:
    operation = custody.export_wallet(wallet=wallet, actor=alice, reader=reader_of(tab))
    Wallet.objects.filter(pk=wallet.pk).update(team=TeamFactory.create())
    assert confirm(operation).error["code"] == "WALLET_OF_ANOTHER_TEAM"


def test_a_wallet_whose_row_was_given_to_another_team_is_not_exported_there(
    wallet: Wallet, charlie: User, tab: ec.EllipticCurvePrivateKey, run_operations: RunOperations
) -> None:
    """charlie owns a team of his own, has a genuine passkey there, and writes rows as he likes."""
    own = charlie.teams.get()
    passkeys.allow_first(own, charlie, actor=SYSTEM)
    soft = SoftPasskey(charlie)
    soft.register()
    run_operations()
    Wallet.objects.filter(pk=wallet.pk).update(team=own)
    moved = Wallet.objects.get(pk=wallet.pk)
    operation = custody.export_wallet(wallet=moved, actor=charlie, reader=reader_of(tab))
    consent.give(operation, actor=charlie, assertion=soft.confirm(operation))
    run_operations()
    operation.refresh_from_db()
    assert operation.error["code"] == "POLICY_TAMPERED"


def test_only_the_asker_fetches_and_not_for_long(
    wallet: Wallet,
    alice: User,
    bob: User,
    charlie: User,
    client_as: ClientAs,
    confirm: Confirm,
    tab: ec.EllipticCurvePrivateKey,
) -> None:
    operation = confirm(custody.export_wallet(wallet=wallet, actor=alice, reader=reader_of(tab)))
    url = reverse("operations:sealed", args=[operation.pk])
    assert client_as(bob).post(url).status_code == 403
    assert client_as(charlie).post(url).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        assert client_as(alice).post(url).status_code == 410
        runner.sweep("interactive")
    operation.refresh_from_db()
    assert (operation.result, operation.result_until) == ({}, None)


def test_a_key_of_no_browser_is_refused(wallet: Wallet, alice: User, client_as: ClientAs) -> None:
    url = reverse("billing:wallet_export", args=[wallet.pk])
    answer = at(client_as(alice), wallet.gateway).post(url, {"reader": "AAAA"})
    assert (answer.status_code, "no usable key" in answer.json()["error"]) == (409, True)
    assert not Operation.objects.filter(kind="wallet.export").exists()


# --- Letting passkeys in ---


def test_a_passkey_added_to_sign_in_is_let_in_and_owners_are_told(
    alice: User, bob: User, keysets: None, run_operations: RunOperations, sent: list[Letter]
) -> None:
    SoftPasskey(alice).register()
    run_operations()
    row = TrustedPasskey.objects.get()
    assert (row.user, row.role, row.is_waiting) == (alice, Role.OWNER, True)
    assert [letter.to for letter in sent] == ["alice@example.com"]
    assert "The passkey “Laptop” of Alice <alice@example.com> may confirm" in sent[0].text
    assert "http://localhost:8000/passkeys" in sent[0].text


def test_a_role_that_confirms_nothing_asks_for_nothing(dora: User, keysets: None) -> None:
    SoftPasskey(dora).register()
    assert not Operation.objects.exists()


def test_a_passkey_removed_from_sign_in_confirms_nothing(passkey: SoftPasskey, alice: User) -> None:
    from allauth.mfa.models import Authenticator

    Authenticator.objects.get(user=alice).delete()
    assert TrustedPasskey.objects.get().is_revoked


def test_home_tells_owners_of_a_new_passkey_with_a_button_to_refuse(
    alice: User, bob: User, keysets: None, run_operations: RunOperations, client_as: ClientAs, gateway: Any
) -> None:
    SoftPasskey(alice).register()
    run_operations()
    row, browser = TrustedPasskey.objects.get(), client_as(alice)
    assert "A new passkey of Alice will confirm payments and exports" in browser.get("/").content.decode()
    assert "A new passkey" not in client_as(bob).get("/").content.decode()
    browser.post(reverse("billing:passkey_refuse", args=[row.pk]), {"next": "/"})
    row.refresh_from_db()
    assert row.is_revoked
    assert "A new passkey" not in browser.get("/").content.decode()


def test_passkeys_from_before_are_let_in_from_the_page(
    alice: User, keysets: None, run_operations: RunOperations, client_as: ClientAs, gateway: Any
) -> None:
    SoftPasskey(alice).register(quietly=True)
    browser = client_as(alice)
    assert "Let my passkeys in" in browser.get("/passkeys").content.decode()
    browser.post("/passkeys/trust")
    run_operations()
    page = browser.get("/passkeys").content.decode()
    assert TrustedPasskey.objects.count() == 1
    assert "Let my passkeys in" not in page
    assert "Refuse" in page


def test_the_list_of_sign_in_passkeys_says_from_when_each_confirms(
    passkey: SoftPasskey, alice: User, client_as: ClientAs, gateway: Any
) -> None:
    row = TrustedPasskey.objects.get()
    page = client_as(alice).get(reverse("teams:security")).content.decode()
    since = f"{row.eligible_from:%Y-%m-%d %H:%M} UTC"
    assert f"Halden: may confirm payments and exports since {since}" in page


def test_what_a_leaver_still_confirms_is_listed(passkey: SoftPasskey, alice: User, team: Team) -> None:
    from core.registry import leaver_sources

    items = leaver_sources.get("passkeys")(Membership.objects.get(team=team, user=alice), alice)
    row = TrustedPasskey.objects.get()
    assert [item.url for item in items] == [reverse("billing:passkey_refuse", args=[row.pk])]


def test_the_page_of_passkeys_costs_the_same_for_one_and_for_many(
    alice: User, keysets: None, run_operations: RunOperations, client_as: ClientAs, gateway: Any
) -> None:
    browser, counts = client_as(alice), []
    for _ in range(2):
        SoftPasskey(alice).register()
        SoftPasskey(alice).register()
        run_operations()
        with CaptureQueriesContext(connection) as queries:
            browser.get("/passkeys")
        counts.append(len(queries))
    assert (TrustedPasskey.objects.count(), counts[1]) == (4, counts[0])


def test_a_person_takes_away_or_erases_what_is_held_about_their_passkeys(
    passkey: SoftPasskey, alice: User
) -> None:
    assert [row["team"] for row in personal_data.get("passkeys")(alice)] == ["Halden"]
    erasers.get("passkeys")(alice)
    assert not TrustedPasskey.objects.exists()
    assert Event.objects.filter(action="passkey.revoked").count() == 1


def test_no_policy_of_web_lets_a_wallet_be_exported(
    wallet: Wallet, alice: User, confirm: Confirm, tab: ec.EllipticCurvePrivateKey
) -> None:
    SpendPolicy.objects.all().delete()
    operation = custody.export_wallet(wallet=wallet, actor=alice, reader=reader_of(tab))
    assert confirm(operation).error["code"] == "POLICY_MISSING"
