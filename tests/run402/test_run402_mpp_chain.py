"""Tempo's chain: balances, the faucet, and whether a transfer has landed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from run402 import errors, mpp
from tests.run402.tempo import ALICE, HASH, NOW, SIGNED, Node


def test_rail_is_the_one_of_the_contract() -> None:
    assert (mpp.CHAIN_ID, mpp.RPC_URL, mpp.DECIMALS) == (42431, "https://rpc.moderato.tempo.xyz", 6)
    assert mpp.PATH_USD == "0x20c0000000000000000000000000000000000000"


def test_balance_is_asked_of_path_usd_on_the_right_chain() -> None:
    node = Node(eth_call=f"0x{250_000:064x}")
    assert node.chain.balance(ALICE) == 250_000
    assert [call["method"] for call in node.calls] == ["eth_chainId", "eth_call"]
    data = "0x70a08231" + "0" * 24 + ALICE[2:].lower()
    assert node.calls[1]["params"] == [{"to": mpp.PATH_USD, "data": data}, "latest"]


@pytest.mark.parametrize(
    "results",
    [
        {"eth_call": "0x"},
        {"eth_call": None},
        {"eth_call": "0x" + "f" * 64},
        {"eth_call": {"error": {"message": "no"}}},
        {"eth_call": httpx.ConnectError("no")},
        {"eth_call": f"0x{1:064x}", "eth_chainId": "0x1"},
        {"eth_call": f"0x{1:064x}", "eth_chainId": 42431},
    ],
)
def test_balance_that_cannot_be_read_is_unknown_and_not_zero(results: dict[str, Any]) -> None:
    with pytest.raises(errors.BalanceUnknown):
        Node(**results).chain.balance(ALICE)


def test_faucet_answers_with_the_hashes_of_its_transactions() -> None:
    node = Node(tempo_fundAddress=[HASH, HASH])
    assert node.chain.fund(ALICE) == (HASH, HASH)
    assert node.calls == [{"jsonrpc": "2.0", "id": 1, "method": "tempo_fundAddress", "params": [ALICE]}]


@pytest.mark.parametrize("answer", [{"error": {"message": "Drawn recently."}}, None, "0x1", [1]])
def test_faucet_that_gives_nothing_says_so(answer: Any) -> None:
    with pytest.raises(errors.Run402Error) as raised:
        Node(tempo_fundAddress=answer).chain.fund(ALICE)
    assert raised.value.code == "FAUCET_FAILED"
    told = "Drawn recently." if isinstance(answer, dict) else "The faucet gave no transactions."
    assert raised.value.message == told


@pytest.mark.parametrize("address", ["", "0x1", ALICE[:-1], ALICE + "0", "x" * 42])
def test_address_that_cannot_be_is_not_asked_for(address: str) -> None:
    node = Node()
    for ask in (node.chain.balance, node.chain.fund):
        with pytest.raises(ValueError, match="40 hexadecimal"):
            ask(address)
    assert node.calls == []


@pytest.mark.parametrize(
    ("receipt", "block_time", "landed"),
    [
        ({"status": "0x1"}, 0, True),
        ({"status": "0x0"}, 0, False),
        (None, 29, None),
        (None, 30, False),
    ],
)
def test_transfer_is_given_up_only_when_no_block_can_hold_it_any_more(
    receipt: Any, block_time: int, landed: bool | None
) -> None:
    block = {"timestamp": hex(int(NOW) + block_time)}
    chain = Node(eth_getTransactionReceipt=receipt, eth_getBlockByNumber=block).chain
    assert chain.landed(HASH, valid_before=SIGNED.valid_before) is landed
