"""Rows of the wallets room."""

from wallets.models.checkout import Checkout
from wallets.models.freeze import Freeze, Unfreezing
from wallets.models.gateway import Gateway
from wallets.models.halt import Halt
from wallets.models.passkey import FirstPasskey, TrustedPasskey
from wallets.models.payee import Payee
from wallets.models.payment import Payment
from wallets.models.policy import SpendPolicy
from wallets.models.share import Custodian, WalletShare
from wallets.models.standing import GatewayStanding
from wallets.models.threshold import ApprovalRule
from wallets.models.wallet import Wallet

__all__ = [
    "ApprovalRule",
    "Checkout",
    "Custodian",
    "FirstPasskey",
    "Freeze",
    "Gateway",
    "GatewayStanding",
    "Halt",
    "Payee",
    "Payment",
    "SpendPolicy",
    "TrustedPasskey",
    "Unfreezing",
    "Wallet",
    "WalletShare",
]
