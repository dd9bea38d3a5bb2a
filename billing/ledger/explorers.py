"""Where a transaction can be looked at by anybody. A sandbox's chain is nobody else's, so it has no such place."""

from __future__ import annotations

import re

from wallets.models import Payment
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA

EXPLORERS = {BASE_MAINNET: "https://basescan.org/tx/", BASE_SEPOLIA: "https://sepolia.basescan.org/tx/"}
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


def of(payment: Payment) -> str:
    """Return the address of the payment's transaction in a public explorer; empty where there is none."""
    explorer = EXPLORERS.get(payment.network, "")
    if not explorer or payment.wallet.is_play or not _HASH.fullmatch(payment.transaction):
        return ""
    return explorer + payment.transaction
