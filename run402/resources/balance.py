"""The chain itself: what an address holds, and whether an authorization was used (contract: identity 4.2).

Plain JSON-RPC over the client's own connections, without credentials. An answer that is missing, malformed or
from another chain counts as no answer; no answer raises BalanceUnknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from run402 import errors, jsontext
from run402.answers import Answer
from run402.reading import MAX_INTEGER
from run402.wire import Wire
from run402.x402 import MAINNET, TESTNET, USDC

BALANCE_OF = "0x70a08231"
AUTHORIZATION_STATE = "0xe94a0102"
AGREEING = 2
RPC_SECONDS = 5.0

# What the official client asks when nothing else is configured (contract: identity 3.7).
PUBLIC_RPC_URLS: dict[str, tuple[str, ...]] = {
    MAINNET: ("https://mainnet.base.org", "https://base-rpc.publicnode.com", "https://1rpc.io/base"),
    TESTNET: (
        "https://sepolia.base.org",
        "https://base-sepolia-rpc.publicnode.com",
        "https://base-sepolia.drpc.org",
    ),
}

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}")

T = TypeVar("T")


class _NoAnswer(Exception):
    """This provider did not help; the message names what went wrong, never the provider's address."""


class _OtherChain(_NoAnswer):
    """This provider serves another chain, so it is none for this question."""


class BalanceResource:
    """``client.balance``, over the ``rpc_urls`` the client was made with; they may serve different chains.

    >>> from run402 import Client
    >>> Client("https://api.run402.com").balance.usdc(TESTNET, "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5")
    Traceback (most recent call last):
    run402.errors.BalanceUnknown: The chain could not be read, so nothing is known about this balance.
    """

    def __init__(self, wire: Wire, rpc_urls: tuple[str, ...]) -> None:
        self._wire = wire
        self._rpc_urls = rpc_urls
        self._chains: dict[str, int] = {}

    def usdc(self, network: str, address: str) -> int:
        """USDC of ``address`` on ``network`` (CAIP-2), in micros, from the first provider that answers soundly.

        Raises BalanceUnknown when none has one, and ValueError for a network or address that cannot be.
        """
        token, owner = _token(network), _word(address)
        reasons: list[str] = []
        for url in self._rpc_urls:
            try:
                self._require_chain(url, network)
                return _possible(self._call(url, token, BALANCE_OF + owner, "latest"))
            except _NoAnswer as error:
                reasons.append(str(error))
        raise _unknown(network, reasons)

    def authorization_used(self, network: str, address: str, nonce: str, *, after: int | None = None) -> bool:
        """Whether the EIP-3009 authorization ``nonce`` of ``address`` was used: settled or cancelled.

        Where two or more providers serve the network, two must agree. ``after`` is a unix time: a provider
        counts only when its latest block is later, and its state is read at that very block. Pass
        ``valid_before`` to learn that a payment can no longer settle. Raises BalanceUnknown otherwise.
        """
        token = _token(network)
        data = AUTHORIZATION_STATE + _word(address) + _nonce_word(nonce)
        answers, reasons, serving = self._ask_all(
            network, lambda url: self._truth(url, token, data, self._block(url, after))
        )
        if not answers or len(set(answers)) > 1 or len(answers) < min(AGREEING, serving):
            raise _unknown(network, reasons or [f"{len(answers)} of {serving} answered, and they must agree"])
        return answers[0]

    def _ask_all(self, network: str, ask: Callable[[str], T]) -> tuple[list[T], list[str], int]:
        """The answers of every provider, why others gave none, and how many may serve this network."""
        answers: list[T] = []
        reasons: list[str] = []
        serving = len(self._rpc_urls)
        for url in self._rpc_urls:
            try:
                self._require_chain(url, network)
                answers.append(ask(url))
            except _OtherChain as error:
                serving -= 1
                reasons.append(str(error))
            except _NoAnswer as error:
                reasons.append(str(error))
        return answers, reasons, serving

    def _require_chain(self, url: str, network: str) -> None:
        if url not in self._chains:
            self._chains[url] = _quantity(self._rpc(url, "eth_chainId"))
        if self._chains[url] != USDC[network].chain_id:
            raise _OtherChain("a provider serves another chain")

    def _block(self, url: str, after: int | None) -> str:
        """The block to read at: the latest, which must be later than ``after``."""
        if after is None:
            return "latest"
        block = self._rpc(url, "eth_getBlockByNumber", *("latest", False))
        if not isinstance(block, dict):
            raise _NoAnswer("a provider gave no latest block")
        if _quantity(block.get("timestamp")) <= after:
            raise _NoAnswer("the chain has not come far enough yet")
        return hex(_quantity(block.get("number")))

    def _truth(self, url: str, token: str, data: str, block: str) -> bool:
        value = self._call(url, token, data, block)
        if value not in (0, 1):
            raise _NoAnswer("a provider's answer is neither yes nor no")
        return value == 1

    def _call(self, url: str, token: str, data: str, block: str) -> int:
        """One uint256. An address without a contract answers ``0x``, which is no number and so no answer."""
        result = self._rpc(url, "eth_call", {"to": token, "data": data}, block)
        if not isinstance(result, str) or not _WORD.fullmatch(result):
            raise _NoAnswer("a provider's answer is no number")
        return int(result, 16)

    def _rpc(self, url: str, method: str, *params: Any) -> Any:
        answer = self._post(
            url, method, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        body = answer.body
        if not answer.ok or not isinstance(body, dict) or "result" not in body or body.get("error"):
            raise _NoAnswer(f"a provider did not answer {method} (HTTP {answer.status})")
        return body["result"]

    def _post(self, url: str, method: str, body: dict[str, Any]) -> Answer:
        content = jsontext.dumps(body)
        headers = {"Content-Type": "application/json"}
        request = self._wire.build("POST", url, content=content, headers=headers, timeout=RPC_SECONDS)
        # Only the provider's host is reported: the rest of such an address is often an access key.
        label = f"{urlsplit(url).hostname} {method}"
        exchange = self._wire.begun("POST", label, len(content))
        answer, done = self._wire.perform(request, exchange)
        self._wire.report(done)
        if isinstance(answer, errors.TransportError):
            raise _NoAnswer(f"a provider could not be reached ({answer.code})")
        return answer


def _possible(micros: int) -> int:
    if micros > MAX_INTEGER:
        raise _NoAnswer("a provider's answer is more than there is")
    return micros


def _token(network: str) -> str:
    if network not in USDC:
        raise ValueError("USDC is known on Base and Base Sepolia only.")
    return USDC[network].address


def _word(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError("An address is 0x and 40 hexadecimal digits.")
    return address[2:].lower().rjust(64, "0")


def _nonce_word(nonce: str) -> str:
    if not _WORD.fullmatch(nonce):
        raise ValueError("A payment's nonce is 0x and 64 hexadecimal digits.")
    return nonce[2:].lower()


def _quantity(value: Any) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _NoAnswer("a provider's answer is no number")
    return int(value, 16)


def _unknown(network: str, reasons: list[str]) -> errors.BalanceUnknown:
    return errors.BalanceUnknown(
        "The chain could not be read, so nothing is known about this balance.",
        retryable=True,
        safe_to_retry=True,
        details={"network": network, "reasons": reasons or ["no provider is configured"]},
    )
