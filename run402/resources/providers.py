"""Providers of a chain: plain JSON-RPC over the client's own connections, without credentials (contract: identity 4.2).

An answer that is missing, malformed or from another chain counts as no answer; no answer raises BalanceUnknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from run402 import errors, jsontext
from run402.answers import Answer
from run402.wire import Wire
from run402.x402 import USDC

AGREEING = 2
RPC_SECONDS = 5.0

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}")

T = TypeVar("T")


class NoAnswer(Exception):
    """This provider did not help; the message names what went wrong, never the provider's address."""


class OtherChain(NoAnswer):
    """This provider serves another chain, so it is none for this question."""


class Providers:
    """The ``rpc_urls`` a client was made with; they may serve different chains.

    >>> from run402 import Client
    >>> isinstance(Client("https://api.run402.com").balance, Providers)
    True
    """

    def __init__(self, wire: Wire, rpc_urls: tuple[str, ...]) -> None:
        self._wire = wire
        self._rpc_urls = rpc_urls
        self._chains: dict[str, int] = {}

    def ask_all(self, network: str, ask: Callable[[str], T]) -> tuple[list[T], list[str], int]:
        """The answers of every provider, why others gave none, and how many may serve this network."""
        answers: list[T] = []
        reasons: list[str] = []
        serving = len(self._rpc_urls)
        for url in self._rpc_urls:
            try:
                self.require_chain(url, network)
                answers.append(ask(url))
            except OtherChain as error:
                serving -= 1
                reasons.append(str(error))
            except NoAnswer as error:
                reasons.append(str(error))
        return answers, reasons, serving

    def block(self, url: str, tag: str) -> tuple[int, int]:
        """Return number and time of a block."""
        found = self.rpc(url, "eth_getBlockByNumber", tag, False)
        if not isinstance(found, dict):
            raise NoAnswer("a provider gave no such block")
        return quantity(found.get("number")), quantity(found.get("timestamp"))

    def block_after(self, url: str, after: int) -> tuple[int, int]:
        """Return number and time of the latest block, which has to be later than ``after``."""
        number, time = self.block(url, "latest")
        if time <= after:
            raise NoAnswer("the chain has not come far enough yet")
        return number, time

    def require_chain(self, url: str, network: str) -> None:
        """Raise OtherChain unless the provider serves this network; each is asked once."""
        if url not in self._chains:
            self._chains[url] = quantity(self.rpc(url, "eth_chainId"))
        if self._chains[url] != USDC[network].chain_id:
            raise OtherChain("a provider serves another chain")

    def rpc(self, url: str, method: str, *params: Any) -> Any:
        """Return a provider's result. Raises NoAnswer."""
        answer = self._post(
            url, method, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        body = answer.body
        if not answer.ok or not isinstance(body, dict) or "result" not in body or body.get("error"):
            raise NoAnswer(f"a provider did not answer {method} (HTTP {answer.status})")
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
            raise NoAnswer(f"a provider could not be reached ({answer.code})")
        return answer


def token_of(network: str) -> str:
    """Return the address of USDC on a network (CAIP-2)."""
    if network not in USDC:
        raise ValueError("USDC is known on Base and Base Sepolia only.")
    return USDC[network].address


def padded(address: str) -> str:
    """Return an address as a word of call data, without 0x."""
    if not ADDRESS.fullmatch(address):
        raise ValueError("An address is 0x and 40 hexadecimal digits.")
    return address[2:].lower().rjust(64, "0")


def quantity(value: Any) -> int:
    """Return a number as providers spell it. Raises NoAnswer."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise NoAnswer("a provider's answer is no number")
    return int(value, 16)


def chain_unknown(network: str, reasons: list[str]) -> errors.BalanceUnknown:
    return errors.BalanceUnknown(
        "The chain could not be read, so nothing is known about this balance.",
        retryable=True,
        safe_to_retry=True,
        details={"network": network, "reasons": reasons or ["no provider is configured"]},
    )
