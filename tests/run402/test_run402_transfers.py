"""What left an address: told in full, by two providers where there are two, or not at all."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from run402 import Client, errors
from run402.resources import transfers
from run402.resources.transfers import AUTHORIZATION_USED, TRANSFER, Sent
from tests.run402.gateways import ALICE, BASE

SEPOLIA = "eip155:84532"
SENDER = "0x" + ALICE[2:].lower().rjust(64, "0")
PAYEE = "0x" + "22" * 20
NONCE, FIRST, SECOND = ("0x" + digit * 64 for digit in "abc")
HEAD = 10_000


def log(block: int, index: int, transaction: str, *topics: str, data: str = "0x") -> dict[str, Any]:
    return {
        "blockNumber": hex(block),
        "logIndex": hex(index),
        "transactionHash": transaction,
        "topics": list(topics),
        "data": data,
    }


def transfer(block: int, index: int, transaction: str, micros: int, to: str = PAYEE) -> dict[str, Any]:
    recipient = "0x" + to[2:].rjust(64, "0")
    return log(block, index, transaction, TRANSFER, SENDER, recipient, data=f"0x{micros:064x}")


PAID = [log(9_000, 4, FIRST, AUTHORIZATION_USED, SENDER, NONCE), transfer(9_000, 5, FIRST, 100_000)]
GIVEN = [transfer(9_500, 1, SECOND, 7)]


class Chain:
    """A provider with a block every two seconds, and events."""

    def __init__(self, *logs: dict[str, Any], chain: int = 84532, broken: str = "") -> None:
        self.logs, self.chain, self.broken = logs, chain, broken
        self.asked: list[tuple[int, int]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        method, params = call["method"], call["params"]
        if method == self.broken:
            error = {"code": -32601, "message": "not available"}
            return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "error": error})
        if method == "eth_chainId":
            result: Any = hex(self.chain)
        elif method == "eth_getBlockByNumber":
            number = HEAD if params[0] == "latest" else int(params[0], 16)
            result = {"number": hex(number), "timestamp": hex(number * 2)}
        else:
            first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
            self.asked.append((first, last))
            result = [one for one in self.logs if first <= int(one["blockNumber"], 16) <= last]
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": result})


def sent(*chains: Chain, since: int = 17_000, until: int = 19_000) -> tuple[Sent, ...]:
    hosts = {f"{number}.example": chain for number, chain in enumerate(chains)}
    transport = httpx.MockTransport(lambda request: hosts[request.url.host](request))
    urls = [f"https://{host}/" for host in hosts]
    with Client(BASE, rpc_urls=urls, transport=transport) as client:
        return client.transfers.sent(SEPOLIA, ALICE, since=since, until=until)


def test_a_payment_is_told_with_its_nonce_and_a_plain_transfer_without() -> None:
    assert sent(Chain(*PAID, *GIVEN)) == (
        Sent(FIRST, 5, PAYEE, 100_000, 18_000, NONCE),
        Sent(SECOND, 1, PAYEE, 7, 19_000, ""),
    )


def test_money_that_an_address_sends_to_itself_has_not_left() -> None:
    assert sent(Chain(transfer(9_000, 1, FIRST, 5, to=ALICE.lower()))) == ()


def test_what_one_of_two_providers_leaves_out_the_other_tells() -> None:
    assert [one.micros for one in sent(Chain(*PAID), Chain(*GIVEN))] == [100_000, 7]


def test_one_of_two_providers_is_not_enough_but_another_chain_is_no_provider() -> None:
    with pytest.raises(errors.BalanceUnknown):
        sent(Chain(*PAID), Chain(*PAID, broken="eth_getLogs"))
    assert len(sent(Chain(*PAID), Chain(chain=1))) == 1


def test_a_chain_that_has_not_come_far_enough_says_nothing() -> None:
    with pytest.raises(errors.BalanceUnknown) as caught:
        sent(Chain(*PAID), until=HEAD * 2)
    assert caught.value.details["reasons"] == ["the chain has not come far enough yet"]


def test_all_blocks_since_the_moment_are_asked_for_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "SPAN", 600)
    chain = Chain(*PAID)

    assert len(sent(chain, since=17_500)) == 1

    assert chain.asked[0][0] * 2 <= 17_500
    assert [first for first, _last in chain.asked[1:]] == [last + 1 for _first, last in chain.asked[:-1]]
    assert chain.asked[-1][1] == HEAD


@pytest.mark.parametrize(
    "broken",
    [log(9_000, 1, FIRST, TRANSFER, SENDER), log(9_000, 1, "0x12", TRANSFER, SENDER, SECOND, data="0x1")],
)
def test_events_that_cannot_be_are_no_answer(broken: dict[str, Any]) -> None:
    with pytest.raises(errors.BalanceUnknown):
        sent(Chain(broken))
