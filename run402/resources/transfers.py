"""What left an address, by the token's own record: its Transfer and AuthorizationUsed events.

Read in full from one moment to another, or not at all: a provider that keeps no events, or not so far back, has no
answer, and no answer raises BalanceUnknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from run402.reading import MAX_INTEGER
from run402.resources.providers import (
    AGREEING,
    WORD,
    NoAnswer,
    Providers,
    chain_unknown,
    padded,
    quantity,
    token_of,
)

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"
#: Blocks asked for at once; public providers refuse many more.
SPAN = 2000
#: Base makes a block every two seconds.
BLOCK_SECONDS = 2


@dataclass(frozen=True)
class Sent:
    """USDC that left an address. ``nonce`` is that of the authorization it left by, empty for a plain transfer.

    ``transaction`` and ``index`` name it for good; ``at`` is the time of its block, a unix time.

    >>> Sent("0x" + "ab" * 32, 1, "0x" + "cd" * 20, 100_000, 1_700_000_000, nonce="").micros
    100000
    """

    transaction: str
    index: int
    recipient: str
    micros: int
    at: int
    nonce: str


class TransfersResource(Providers):
    """``client.transfers``, over the ``rpc_urls`` the client was made with; they may serve different chains.

    >>> from run402 import Client
    >>> address = "0xc06d73162E9BffbCfBF1DA59C511002A8F9155E5"
    >>> Client("https://api.run402.com").transfers.sent("eip155:84532", address, since=0, until=1)
    Traceback (most recent call last):
    run402.errors.BalanceUnknown: The chain could not be read, so nothing is known about this balance.
    """

    def sent(self, network: str, address: str, *, since: int, until: int) -> tuple[Sent, ...]:
        """All USDC that left ``address`` on ``network`` (CAIP-2) from ``since`` on, at least up to ``until``.

        Both are unix times; a provider counts only when its latest block is later than ``until``. Where two or more
        serve the network, two must answer, and what only one of them tells is believed. Raises BalanceUnknown.
        """
        token, owner = token_of(network), "0x" + padded(address)
        answers, reasons, serving = self.ask_all(
            network, lambda url: self._sent(url, token, owner, since, until)
        )
        if not answers or len(answers) < min(AGREEING, serving):
            raise chain_unknown(network, reasons)
        found = {(one.transaction, one.index): one for answer in answers for one in answer}
        return tuple(sorted(found.values(), key=lambda one: (one.at, one.transaction, one.index)))

    def _sent(self, url: str, token: str, owner: str, since: int, until: int) -> list[Sent]:
        last, time = self.block_after(url, until)
        logs = [
            log
            for first in range(self._block_before(url, since, last, time), last + 1, SPAN)
            for log in self._logs(url, token, owner, first, min(first + SPAN - 1, last))
        ]
        times: dict[int, int] = {}
        found = []
        for log, nonce in _transfers(logs, owner):
            number = quantity(log.get("blockNumber"))
            if number not in times:
                times[number] = self.block(url, hex(number))[1]
            found.append(_read(log, nonce, times[number]))
        return found

    def _block_before(self, url: str, moment: int, last: int, time: int) -> int:
        """A block that is not later than the moment: guessed by the pace of the chain, and looked at."""
        back = max((time - moment) // BLOCK_SECONDS, 0) + 1
        while back < last:
            number, found = self.block(url, hex(last - back))
            if found <= moment:
                return number
            back *= 2
        return 0

    def _logs(self, url: str, token: str, owner: str, first: int, last: int) -> list[dict[str, Any]]:
        wanted = {
            "address": token,
            "topics": [[TRANSFER, AUTHORIZATION_USED], owner],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        result = self.rpc(url, "eth_getLogs", wanted)
        if not isinstance(result, list) or not all(isinstance(log, dict) for log in result):
            raise NoAnswer("a provider's events are no list")
        return result


def _transfers(logs: list[dict[str, Any]], owner: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the transfers with the nonce by which each left: the token tells of it right before, in one transaction."""
    used: dict[str, str] = {}
    for log in sorted(
        logs, key=lambda log: (quantity(log.get("blockNumber")), quantity(log.get("logIndex")))
    ):
        topics = log.get("topics")
        if not isinstance(topics, list) or len(topics) < 3 or not all(map(_is_word, topics)):
            raise NoAnswer("a provider's event is not one of this token")
        transaction = str(log.get("transactionHash"))
        if topics[0] == AUTHORIZATION_USED:
            used[transaction] = topics[2].lower()
        elif topics[2].lower() != owner:
            yield log, used.pop(transaction, "")


def _read(log: dict[str, Any], nonce: str, at: int) -> Sent:
    data, transaction = log.get("data"), log.get("transactionHash")
    if not _is_word(data) or not _is_word(transaction) or int(str(data), 16) > MAX_INTEGER:
        raise NoAnswer("a provider's event is not one of this token")
    recipient = "0x" + log["topics"][2][-40:]
    return Sent(str(transaction), quantity(log.get("logIndex")), recipient, int(str(data), 16), at, nonce)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and WORD.fullmatch(value) is not None
