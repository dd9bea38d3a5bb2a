"""The kinds of operation of this room. Web imports them too, so nothing that signs is imported at the top."""

from billing.handlers import (
    exporting,
    faucet,
    mirror,
    passkeys,
    raising,
    reconcile,
    tiers,
    unfreezing,
    wallet,
)

__all__ = [
    "exporting",
    "faucet",
    "mirror",
    "passkeys",
    "raising",
    "reconcile",
    "tiers",
    "unfreezing",
    "wallet",
]
