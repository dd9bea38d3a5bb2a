"""The kinds of operation of this room. Web imports them too, so nothing that signs is imported at the top."""

from billing.handlers import faucet, mirror, reconcile, tiers, wallet

__all__ = ["faucet", "mirror", "reconcile", "tiers", "wallet"]
