"""MPP: paying with a signed transfer on Tempo instead of an x402 authorization (contract: identity 3.8).

An extra. Reading the chain, the faucet, challenges and the policy need nothing more than the client itself; making
a credential needs ``pympp[tempo]``, which is imported when the first one is made. Its dependencies are pinned
hard, so they have a lock of their own: ``requirements-mpp.txt``.
"""

from run402.mpp.charge import Charge, SignedCharge, parse_charges
from run402.mpp.credential import ExtraMissing
from run402.mpp.payer import Answered, ChargeUnsettled, Payer, Settlement, parse_receipt
from run402.mpp.policy import CapPolicy
from run402.mpp.tempo import CHAIN_ID, DECIMALS, PATH_USD, RPC_URL, Tempo

__all__ = [
    "CHAIN_ID",
    "DECIMALS",
    "PATH_USD",
    "RPC_URL",
    "Answered",
    "CapPolicy",
    "Charge",
    "ChargeUnsettled",
    "ExtraMissing",
    "Payer",
    "Settlement",
    "SignedCharge",
    "Tempo",
    "parse_charges",
    "parse_receipt",
]
