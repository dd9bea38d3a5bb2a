"""Reading the chain: unknown is never zero, and two must agree before a payment is given up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from run402 import Client, Exchange, errors
from run402.resources import balance
from tests.run402.gateways import ALICE, BASE

SEPOLIA, MAINNET = "eip155:84532", "eip155:8453"
NONCE = "0x" + "ab" * 32
ONE, TWO, THREE = "https://one.example/key-1", "https://two.example/key-2", "https://three.example/key-3"


def word(number: int) -> str:
    return f"0x{number:064x}"


class Node:
    """One JSON-RPC provider."""

    def __init__(self, **results: Any) -> None:
        self.results = {
            "eth_chainId": hex(84532),
            "eth_call": word(0),
            "eth_getBlockByNumber": {"number": "0x10", "timestamp": hex(2000)},
            **results,
        }
        self.calls: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        self.calls.append(call)
        result = self.results[call["method"]]
        if isinstance(result, Exception):
            raise result
        if isinstance(result, httpx.Response):
            return httpx.Response(result.status_code, content=result.content)
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": call["id"], "result": result})


def client_of(*nodes: Node, on_exchange: Callable[[Exchange], None] | None = None) -> Client:
    urls = (ONE, TWO, THREE)[: len(nodes)]
    by_host = dict(zip(("one.example", "two.example", "three.example"), nodes, strict=False))
    transport = httpx.MockTransport(lambda request: by_host[request.url.host](request))
    return Client(BASE, rpc_urls=urls, transport=transport, on_exchange=on_exchange)


def test_balance_is_asked_of_the_pinned_token_at_the_latest_block() -> None:
    node = Node(eth_call=word(250_000))
    assert client_of(node).balance.usdc(SEPOLIA, ALICE) == 250_000
    assert [call["method"] for call in node.calls] == ["eth_chainId", "eth_call"]
    assert node.calls[1]["params"] == [
        {
            "to": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "data": "0x70a08231" + "0" * 24 + ALICE[2:].lower(),
        },
        "latest",
    ]


def test_chain_of_a_provider_is_asked_once() -> None:
    node = Node()
    client = client_of(node)
    client.balance.usdc(SEPOLIA, ALICE)
    client.balance.usdc(SEPOLIA, ALICE)
    assert [call["method"] for call in node.calls] == ["eth_chainId", "eth_call", "eth_call"]


BROKEN: list[Any] = [
    "0x",
    None,
    5,
    "0x0",
    word(0) + "00",
    word(2**64),
    httpx.ConnectError("down"),
    httpx.ReadTimeout("slow"),
    httpx.Response(500),
    httpx.Response(200, text="<html>"),
    httpx.Response(200, json={"error": {"code": -32000, "message": "no"}}),
    httpx.Response(200, json={"result": word(5), "error": {"code": 1}}),
    httpx.Response(200, json=[]),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_unsound_answer_is_unknown_and_never_zero(broken: Any) -> None:
    with pytest.raises(errors.BalanceUnknown) as unknown:
        client_of(Node(eth_call=broken)).balance.usdc(SEPOLIA, ALICE)
    assert (unknown.value.retryable, unknown.value.code) == (True, "BALANCE_UNKNOWN")


@pytest.mark.parametrize("broken", BROKEN)
def test_next_provider_answers_where_the_first_does_not(broken: Any) -> None:
    assert client_of(Node(eth_call=broken), Node(eth_call=word(7))).balance.usdc(SEPOLIA, ALICE) == 7


def test_provider_of_another_chain_is_passed_over() -> None:
    wrong = Node(eth_chainId=hex(8453), eth_call=word(1))
    assert client_of(wrong, Node(eth_call=word(2))).balance.usdc(SEPOLIA, ALICE) == 2
    assert client_of(Node(eth_call=word(2)), wrong).balance.usdc(MAINNET, ALICE) == 1


def test_without_a_provider_the_balance_is_unknown() -> None:
    with pytest.raises(errors.BalanceUnknown) as unknown:
        client_of().balance.usdc(SEPOLIA, ALICE)
    assert unknown.value.details["reasons"] == ["no provider is configured"]


@pytest.mark.parametrize(
    ("network", "address"),
    [("eip155:1", ALICE), (SEPOLIA, "0x12"), (SEPOLIA, ALICE[2:]), (SEPOLIA, ALICE + "\n")],
)
def test_question_that_makes_no_sense_is_a_mistake_of_the_caller(network: str, address: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        client_of(Node()).balance.usdc(network, address)


def test_authorization_is_read_at_the_block_that_is_late_enough() -> None:
    node = Node(eth_call=word(1))
    assert client_of(node).balance.authorization_used(SEPOLIA, ALICE, NONCE, after=1999)
    assert node.calls[-1]["params"] == [
        {
            "to": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
            "data": "0xe94a0102" + "0" * 24 + ALICE[2:].lower() + "ab" * 32,
        },
        "0x10",
    ]


def test_authorization_without_a_time_is_read_at_the_latest_block() -> None:
    node = Node()
    assert not client_of(node).balance.authorization_used(SEPOLIA, ALICE, NONCE)
    assert node.calls[-1]["params"][1] == "latest"


@pytest.mark.parametrize(
    "block", [None, {}, {"timestamp": hex(2000)}, {"number": "0x10", "timestamp": 2001}, "0x10"]
)
def test_block_without_time_or_number_is_no_answer(block: Any) -> None:
    with pytest.raises(errors.BalanceUnknown):
        client_of(Node(eth_getBlockByNumber=block)).balance.authorization_used(SEPOLIA, ALICE, NONCE, after=1)


def test_chain_that_has_not_come_far_enough_says_nothing() -> None:
    with pytest.raises(errors.BalanceUnknown) as unknown:
        client_of(Node()).balance.authorization_used(SEPOLIA, ALICE, NONCE, after=2000)
    assert unknown.value.details["reasons"] == ["the chain has not come far enough yet"]


def used_by(*nodes: Node) -> bool:
    return client_of(*nodes).balance.authorization_used(SEPOLIA, ALICE, NONCE, after=1000)


def test_two_providers_that_agree_are_believed() -> None:
    assert used_by(Node(eth_call=word(1)), Node(eth_call=word(1)))
    assert not used_by(Node(), Node())
    assert not used_by(Node(), Node(eth_call="0x"), Node())


@pytest.mark.parametrize(
    "nodes",
    [
        [Node(), Node(eth_call=word(1))],
        [Node(), Node(eth_call="0x")],
        [Node(), Node(eth_call=httpx.ConnectError("down"))],
        [Node(), Node(eth_chainId=httpx.ConnectError("down"))],
        [Node(), Node(eth_getBlockByNumber={"number": "0x9", "timestamp": hex(1000)})],
        [Node(), Node(), Node(eth_call=word(1))],
        [Node(eth_call=word(2))],
        [],
    ],
)
def test_disagreement_or_a_single_voice_of_several_is_unknown(nodes: list[Node]) -> None:
    with pytest.raises(errors.BalanceUnknown):
        used_by(*nodes)


def test_who_wants_two_voices_does_not_take_the_one_that_there_is() -> None:
    def ask(*nodes: Node) -> bool:
        return client_of(*nodes).balance.authorization_used(SEPOLIA, ALICE, NONCE, after=1000, agreeing=2)

    assert not ask(Node(), Node())
    for nodes in ([Node()], [Node(), Node(eth_chainId=hex(8453))]):
        with pytest.raises(errors.BalanceUnknown):
            ask(*nodes)


def test_provider_of_another_chain_is_not_one_that_must_agree() -> None:
    assert not used_by(Node(), Node(eth_chainId=hex(8453), eth_call=word(1)))


@pytest.mark.parametrize("nonce", ["0x12", "ab" * 32, "0x" + "zz" * 32, ""])
def test_nonce_that_is_none_is_a_mistake_of_the_caller(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        client_of(Node()).balance.authorization_used(SEPOLIA, ALICE, nonce)


def test_provider_addresses_are_in_no_report_and_no_error() -> None:
    seen: list[Exchange] = []
    with pytest.raises(errors.BalanceUnknown) as unknown:
        client_of(Node(eth_call="0x"), Node(eth_chainId="0x1"), on_exchange=seen.append).balance.usdc(
            SEPOLIA, ALICE
        )
    assert [exchange.path for exchange in seen] == [
        "one.example eth_chainId", "one.example eth_call", "two.example eth_chainId",
    ]  # fmt: skip
    assert "key-" not in f"{seen} {unknown.value.envelope()}"


def test_public_providers_are_known_for_both_networks() -> None:
    assert {network: len(urls) for network, urls in balance.PUBLIC_RPC_URLS.items()} == {
        SEPOLIA: 3,
        MAINNET: 3,
    }
