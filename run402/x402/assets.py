"""The tokens we pay with: USDC on Base and on Base Sepolia, pinned (contract: identity 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

MAINNET = "eip155:8453"
TESTNET = "eip155:84532"


@dataclass(frozen=True)
class Asset:
    """A token and the EIP-712 domain its authorizations are signed under. Six decimals: a micro is a unit.

    >>> USDC["eip155:84532"].chain_id
    84532
    """

    network: str
    address: str
    name: str
    version: str

    @property
    def chain_id(self) -> int:
        return int(self.network.removeprefix("eip155:"))

    @property
    def domain(self) -> dict[str, str | int]:
        """The EIP-712 domain. Its name differs between the two networks."""
        return {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.address,
        }


USDC: dict[str, Asset] = {
    asset.network: asset
    for asset in (
        Asset(MAINNET, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USD Coin", "2"),
        Asset(TESTNET, "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "2"),
    )
}
