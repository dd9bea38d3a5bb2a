"""The kinds of operation of this room. Web imports them too, so nothing that signs is imported at the top."""

from billing.handlers import (
    catching_up,
    deciding,
    exporting,
    faucet,
    mirror,
    passkeys,
    payees,
    raising,
    reconcile,
    tiers,
    unfreezing,
    wallet,
)

__all__ = [
    "catching_up",
    "deciding",
    "exporting",
    "faucet",
    "mirror",
    "passkeys",
    "payees",
    "raising",
    "reconcile",
    "tiers",
    "unfreezing",
    "wallet",
]
