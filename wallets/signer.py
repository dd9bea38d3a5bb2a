"""The only way from a wallet row to a client that signs with its key. Works in workers only."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

import run402
from core.errors import Refusal
from run402 import Exchange, mpp
from run402.transport import PacedTransport
from run402.wire import DEFAULT_TIMEOUT
from wallets import vault
from wallets.models import Gateway, Wallet

OnExchange = Callable[[Exchange], None]
Before = Callable[[str], None]


def key_context(wallet: Wallet) -> vault.Context:
    """Return where a wallet's sealed key belongs: its row and its address."""
    return vault.Context("wallets_wallet", str(wallet.pk), "key", wallet.address)


def import_context(wallet_id: UUID) -> vault.Context:
    """Return the context of a key on its way in: web seals it before anybody knows its address."""
    return vault.Context("wallets_wallet", str(wallet_id), "import")


def contexts(wallet: Wallet) -> tuple[vault.Context, ...]:
    """Return the places a wallet's sealed key may have been sealed for, likeliest first."""
    own, arriving = key_context(wallet), import_context(wallet.pk)
    return (own, arriving) if wallet.has_key else (arriving, own)


def client(
    gateway: Gateway,
    wallet: Wallet | None = None,
    *,
    on_exchange: OnExchange | None = None,
    before: Before | None = None,
    timeout: float | None = None,
) -> run402.Client:
    """Return a client of the gateway, signing as `wallet` if given. Close it, or use it as a context manager.

    `before` is called with the method of each request to the gateway itself, `on_exchange` after each request.
    Raises Refusal when the wallet may not sign for this gateway, `vault.Locked` outside a worker.
    """
    signer = run402.LocalSigner(_key(wallet, gateway)) if wallet is not None else None
    return run402.Client(
        gateway.url,
        signer=signer,
        rpc_urls=gateway.rpc_urls,
        transport=PacedTransport(gateway.url, before) if before else None,
        timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
        on_exchange=on_exchange,
    )


def payer(
    wallet: Wallet,
    *,
    policy: mpp.CapPolicy,
    before_send: Callable[[mpp.SignedCharge], None],
    chain: mpp.Tempo,
    on_exchange: OnExchange | None = None,
    before: Before | None = None,
) -> mpp.Payer:
    """Return what pays the wallet's gateway by MPP, with a `spending.mpp_policy`. Close it. Raises like `client`."""
    gateway = wallet.gateway
    return mpp.Payer(
        gateway.url,
        key=_key(wallet, gateway),
        policy=policy,
        before_send=before_send,
        chain=chain,
        transport=PacedTransport(gateway.url, before) if before else None,
        on_exchange=on_exchange,
    )


def tempo() -> mpp.Tempo:
    """Return Tempo's test network, read through the operator's provider. Close it."""
    return mpp.Tempo(settings.TEMPO_RPC)


def can_pay_by_mpp() -> bool:
    """Say whether this process has the extra, without importing it."""
    return all(importlib.util.find_spec(name) for name in ("mpp", "pytempo", "rlp"))


def _key(wallet: Wallet, gateway: Gateway) -> bytes:
    _may_sign_for(wallet, gateway)
    key = vault.unseal_field(wallet, "key_sealed", key_context(wallet))
    if run402.address_of(key).lower() != wallet.address.lower():
        raise Refusal("WALLET_KEY_MISMATCH", "The sealed key does not belong to this wallet's address.")
    return key


def _may_sign_for(wallet: Wallet, gateway: Gateway) -> None:
    if wallet.is_retired:
        raise Refusal(
            "WALLET_RETIRED",
            _("The wallet %(name)s was retired. It signs nothing any more.") % {"name": wallet.label},
        )
    if not wallet.is_ready:
        raise Refusal("WALLET_NOT_READY", f"The wallet {wallet.label} is not ready yet.")
    if wallet.gateway_id != gateway.pk:
        raise Refusal(
            "WALLET_FOREIGN_GATEWAY", f"The wallet {wallet.label} signs for {wallet.gateway.name} only."
        )
    if gateway.is_sandbox and wallet.origin == Wallet.Origin.IMPORTED:
        raise Refusal("WALLET_NOT_FOR_SANDBOX", "An imported wallet signs nothing for a sandbox.")
