"""What a wallet holds, wherever it lies: read by the worker, never guessed, and told in renewals when it is low."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import renewals, services
from billing.handlers.mirror import networks_of
from notifications import watch
from notifications.models import Notice
from operations.models import State
from teams.models import Team, User
from tests.billing.conftest import TIERS, Order, at, attempt, call
from tests.factories import WalletFactory
from tests.fixtures import ClientAs
from tests.sandboxes import Sandbox
from wallets.models import Gateway, Wallet
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA, TEMPO_MODERATO


@pytest.fixture
def leased(team: Team, alice: User, gateway_here: Gateway) -> Wallet:
    """A wallet with a prototype tier for another day."""
    made: Wallet = WalletFactory.create(
        team=team,
        owner=alice,
        gateway=gateway_here,
        tier="prototype",
        tier_active=True,
        lease_expires_at=timezone.now() + timedelta(days=1),
        balance_micros=250_000,
        balance_at=timezone.now(),
    )
    return made


def hold(wallet: Wallet, **fields: Any) -> Wallet:
    Wallet.objects.filter(pk=wallet.pk).update(**fields)
    wallet.refresh_from_db()
    return wallet


def page(wallet: Wallet, browser: Client) -> str:
    return at(browser, wallet.gateway).get(f"/wallets/{wallet.pk}/money").content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_worker_reads_chain_prepaid_balance_and_mails(funded: Wallet, sandbox: Sandbox) -> None:
    call(sandbox, "POST", "/_sandbox/credit", {"address": funded.address, "amount_usd_micros": 420_000})
    operation = attempt(services.refresh_wallet(wallet=funded))
    funded.refresh_from_db()
    assert operation.state == State.SUCCEEDED
    assert (funded.balance_micros, funded.prepaid_micros, funded.mail_credits) == (1_000_000, 420_000, 0)
    assert (funded.mainnet_micros, funded.mainnet_at) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_says_nothing_hides_neither_account_nor_tier_and_is_no_zero(
    funded: Wallet, sandbox: Sandbox, order: Order
) -> None:
    call(sandbox, "POST", "/_sandbox/credit", {"address": funded.address, "amount_usd_micros": 420_000})
    Gateway.objects.filter(pk=funded.gateway_id).update(rpc_urls=["http://127.0.0.1:9/rpc"])
    funded.gateway.refresh_from_db()
    operation = attempt(services.refresh_wallet(wallet=funded))
    funded.refresh_from_db()
    assert operation.state == State.QUEUED  # it is tried again
    assert (funded.balance_micros, funded.prepaid_micros) == (1_000_000, 420_000)
    assert funded.tier_at is not None


def test_what_is_held_is_counted_in_renewals(leased: Wallet) -> None:
    assert renewals.left(leased) == 2
    assert renewals.left(hold(leased, prepaid_micros=199_999)) == 3
    assert renewals.left(hold(leased, balance_micros=99_999, prepaid_micros=99_999)) == 0
    assert renewals.left(hold(leased, balance_micros=None)) is None
    assert renewals.left(hold(leased, balance_micros=1, tier="unheard-of")) is None
    assert renewals.left(hold(leased, tier="prototype", tier_active=False)) is None


def test_a_wallet_that_cannot_renew_is_told_once_for_each_lease(leased: Wallet, alice: User) -> None:
    hold(leased, balance_micros=99_999)
    watch.look()
    watch.look()
    notice = Notice.objects.get(event="balance.low")
    assert (notice.person, notice.title) == (alice, f"{leased.label} cannot pay its next renewal")
    assert notice.text == "The prototype tier costs $0.10. Top it up before the lease ends."
    hold(leased, lease_expires_at=timezone.now() + timedelta(days=6))
    watch.look()
    assert Notice.objects.filter(event="balance.low").count() == 2


def test_a_wallet_whose_lease_goes_on_for_more_than_a_week_is_not_told_yet(
    leased: Wallet, alice: User, client_as: ClientAs
) -> None:
    hold(leased, balance_micros=0, prepaid_micros=0, lease_expires_at=timezone.now() + timedelta(days=8))
    watch.look()
    assert Notice.objects.filter(event="balance.low").count() == 0
    browser, told = client_as(alice), f"{leased.label} cannot pay its next renewal"
    assert told not in at(browser, leased.gateway).get("/").content.decode()
    assert "Cannot pay the next renewal" in page(leased, browser)  # the wallet's own page says it at any time
    hold(leased, lease_expires_at=timezone.now() + timedelta(days=6))
    assert told in at(browser, leased.gateway).get("/").content.decode()


def test_the_pages_say_what_it_pays_for(leased: Wallet, alice: User, client_as: ClientAs) -> None:
    browser = client_as(alice)
    assert "pays for 2 more renewals" in page(leased, browser)
    hold(leased, balance_micros=0, prepaid_micros=0, mail_credits=1, account_at=timezone.now())
    assert "Cannot pay the next renewal" in page(leased, browser)
    assert "1 mail of packs left" in page(leased, browser)
    home = at(browser, leased.gateway).get("/").content.decode()
    assert f"{leased.label} cannot pay its next renewal" in home


def test_real_money_is_shown_where_the_gateway_takes_it_and_unknown_is_unknown(
    leased: Wallet, alice: User, client_as: ClientAs
) -> None:
    cloud = Gateway.objects.create(
        slug="cloud-here", name="Cloud", kind="cloud", url="https://cloud.example", tiers=TIERS
    )
    browser = client_as(alice)
    assert "Real money" not in page(leased, browser)
    assert networks_of(leased) == (BASE_SEPOLIA,)
    hold(leased, gateway=cloud, origin=Wallet.Origin.IMPORTED)
    assert networks_of(leased) == (BASE_SEPOLIA, BASE_MAINNET)
    assert networks_of(hold(leased, rail=Wallet.Rail.MPP)) == (TEMPO_MODERATO,)
    hold(leased, rail=Wallet.Rail.X402)
    assert "USDC, not read yet" in page(leased, browser)
    hold(leased, mainnet_micros=0, mainnet_at=timezone.now())
    assert "USDC, not read yet" not in page(leased, browser)
