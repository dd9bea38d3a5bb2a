"""The one asset the ledger holds, and how EIP-3009 authorizations over it are signed (identity 3.1, 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_utils.address import to_checksum_address

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
SEPOLIA_ID = 84532
PAY_TO = "0x059D091D51a0f011c9872EaA63Df538F5cE15945"
FAUCET = "0x00000000000000000000000000000000FA00cE70"


@dataclass(frozen=True)
class Asset:
    network: str
    chain_id: int
    address: str
    name: str
    version: str = "2"


MAINNET_USDC = Asset("eip155:8453", 8453, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USD Coin")
SEPOLIA_USDC = Asset("eip155:84532", SEPOLIA_ID, "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC")
ASSETS = {asset.network: asset for asset in (MAINNET_USDC, SEPOLIA_USDC)}

_TRANSFER = [
    {"name": "from", "type": "address"},
    {"name": "to", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "validAfter", "type": "uint256"},
    {"name": "validBefore", "type": "uint256"},
    {"name": "nonce", "type": "bytes32"},
]


def is_address(value: object) -> bool:
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def checksum(address: str) -> str:
    return str(to_checksum_address(address))


def signer_of_text(text: str, signature: str) -> str:
    """Who signed `text` with personal_sign (EIP-191). Raises ValueError when the signature is unusable."""
    return str(Account.recover_message(encode_defunct(text=text), signature=_signature(signature)))


def signer_of_transfer(asset: Asset, authorization: dict[str, Any], signature: str) -> str:
    """Who signed this transferWithAuthorization (EIP-712). Raises ValueError when it cannot be recovered."""
    domain = {
        "name": asset.name,
        "version": asset.version,
        "chainId": asset.chain_id,
        "verifyingContract": asset.address,
    }
    message = encode_typed_data(domain, {"TransferWithAuthorization": _TRANSFER}, authorization)
    return str(Account.recover_message(message, signature=_signature(signature)))


def _signature(text: str) -> bytes:
    if not re.fullmatch(r"0x[0-9a-fA-F]{130}", text):
        raise ValueError("a signature is 65 bytes in hex")
    return bytes.fromhex(text[2:])
