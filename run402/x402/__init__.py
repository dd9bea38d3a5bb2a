"""x402 version 2, scheme ``exact``: paying with a signed EIP-3009 authorization (contract: identity 3).

The signer never decides: a policy does, from a challenge that was checked to be for what was asked. The
requirement is echoed exactly as it came, because servers compare it deeply; the token's EIP-712 domain is
pinned here, because what is signed over must not be for the server to choose.
"""

from run402.x402.assets import MAINNET, TESTNET, USDC, Asset
from run402.x402.challenge import Challenge, parse_challenge, parse_receipt
from run402.x402.outcome import Outcome, Settlement
from run402.x402.payment import SignedPayment, sign
from run402.x402.policy import CapPolicy, Policy, problems
from run402.x402.purchase import Paid, Purchase

__all__ = [
    "MAINNET",
    "TESTNET",
    "USDC",
    "Asset",
    "CapPolicy",
    "Challenge",
    "Outcome",
    "Paid",
    "Policy",
    "Purchase",
    "Settlement",
    "SignedPayment",
    "parse_challenge",
    "parse_receipt",
    "problems",
    "sign",
]
