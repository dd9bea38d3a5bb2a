"""Reading what a wallet holds, on the network that its rail pays on, or on another one of Base's."""

from __future__ import annotations

import run402
from wallets import signer
from wallets.models import Wallet
from wallets.models.gateway import BASE_SEPOLIA


def balance_of(client: run402.Client, wallet: Wallet, network: str = BASE_SEPOLIA) -> int:
    """Return what the wallet holds, in micros. Raises BalanceUnknown: what could not be read is never zero."""
    if not wallet.pays_by_mpp:
        return client.balance.usdc(network, wallet.address)
    with signer.tempo() as chain:
        return chain.balance(wallet.address)
