"""Deciding whether, and which of the offered requirements, to pay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from run402.errors import PaymentRefused
from run402.x402.assets import TESTNET, USDC
from run402.x402.challenge import Challenge

MAX_TIMEOUT_SECONDS = 300  # contract: identity 3.7, PAYMENT_AUTHORIZATION_LIFETIME_EXCEEDED
_AMOUNT = re.compile(r"[0-9]{1,39}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class Policy(Protocol):
    """Who decides about money. An implementation may ask limits, people or a database."""

    def choose(self, challenge: Challenge, *, asked_url: str) -> Mapping[str, Any]:
        """One of ``challenge.accepts``, unchanged. Raises PaymentRefused when none may be paid."""


@dataclass(frozen=True)
class CapPolicy:
    """Pays the first sound requirement of the networks named, in *their* order, up to a maximum.

    ``max_micros`` is in USDC micros. Networks are CAIP-2; only the test network is allowed unless others are
    named. ``pay_to`` limits the payees, in any spelling of their addresses.

    >>> CapPolicy(100_000).networks
    ('eip155:84532',)
    """

    max_micros: int
    networks: tuple[str, ...] = (TESTNET,)
    pay_to: frozenset[str] | None = None

    def choose(self, challenge: Challenge, *, asked_url: str) -> Mapping[str, Any]:
        challenge.require_same_resource(asked_url)
        verdicts = [(requirement, self.objections(requirement)) for requirement in challenge.accepts]
        sound = [requirement for requirement, objections in verdicts if not objections]
        if sound:
            return min(sound, key=lambda requirement: self.networks.index(requirement["network"]))
        raise refusal([f"{network_of(requirement)}: {', '.join(bad)}" for requirement, bad in verdicts])

    def objections(self, requirement: Mapping[str, Any]) -> list[str]:
        """What speaks against a requirement, as field names; empty when it may be paid."""
        found = problems(requirement)
        if requirement.get("network") not in self.networks and "network" not in found:
            found.append("network")
        if "amount" not in found and int(requirement["amount"]) > self.max_micros:
            found.append("amount")
        if "payTo" not in found and not self._payee_allowed(requirement["payTo"]):
            found.append("payTo")
        return found

    def _payee_allowed(self, payee: str) -> bool:
        return self.pay_to is None or payee.lower() in {address.lower() for address in self.pay_to}


def problems(requirement: Mapping[str, Any]) -> list[str]:
    """Why a requirement can never be signed, whatever a policy says: names of its fields, or none.

    Only ``exact`` by EIP-3009, only pinned assets under their pinned domain, a positive whole amount, a real
    address, and a lifetime of at most five minutes.
    """
    network = requirement.get("network")
    asset = USDC.get(network) if isinstance(network, str) else None
    extra = requirement.get("extra") or {}
    checks = {
        "scheme": requirement.get("scheme") == "exact",
        "network": asset is not None,
        "asset": asset is not None and _same_address(requirement.get("asset"), asset.address),
        "amount": _positive(requirement.get("amount")),
        "payTo": _matches(_ADDRESS, requirement.get("payTo")),
        "maxTimeoutSeconds": _lifetime(requirement.get("maxTimeoutSeconds")),
        "extra": isinstance(extra, Mapping)
        and extra.get("assetTransferMethod", "eip3009") == "eip3009"
        and asset is not None
        and extra.get("name", asset.name) == asset.name
        and extra.get("version", asset.version) == asset.version,
    }
    return [name for name, fine in checks.items() if not fine]


def refusal(reasons: list[str]) -> PaymentRefused:
    return PaymentRefused(
        "None of the ways to pay that the gateway offers is allowed here, so nothing was signed.",
        details={"reasons": reasons or ["nothing offered"]},
        mutation_state="not_started",
    )


def network_of(requirement: Mapping[str, Any]) -> str:
    network = requirement.get("network")
    return network[:60] if isinstance(network, str) else "unknown network"


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _same_address(value: Any, address: str) -> bool:
    return isinstance(value, str) and value.lower() == address.lower()


def _positive(amount: Any) -> bool:
    return _matches(_AMOUNT, amount) and int(amount) > 0


def _lifetime(seconds: Any) -> bool:
    return isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= MAX_TIMEOUT_SECONDS
