"""The kinds of operation of this room. Web imports them too, so nothing that signs is imported at the top."""

from billing.handlers import (
    catching_up,
    checkout,
    deciding,
    exporting,
    faucet,
    mirror,
    outside,
    passkeys,
    payees,
    rails,
    raising,
    reconcile,
    thresholding,
    tiers,
    unfreezing,
    wallet,
)

__all__ = [
    "catching_up",
    "checkout",
    "deciding",
    "exporting",
    "faucet",
    "mirror",
    "outside",
    "passkeys",
    "payees",
    "rails",
    "raising",
    "reconcile",
    "thresholding",
    "tiers",
    "unfreezing",
    "wallet",
]
