from __future__ import annotations

import time
from typing import Any

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import MAINNET_USDC, USDC, Player, unb64

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"


def rpc(http: Http, method: str, *params: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
    return dict(http.post("/rpc", json=body).json())


def word(text: str) -> str:
    return text.removeprefix("0x").lower().rjust(64, "0")


def test_chain_is_base_sepolia(http: Http) -> None:
    assert rpc(http, "eth_chainId") == {"jsonrpc": "2.0", "id": 7, "result": "0x14a34"}


def test_latest_block_is_of_now(http: Http) -> None:
    block = rpc(http, "eth_getBlockByNumber", "latest", False)["result"]
    assert abs(int(block["timestamp"], 16) - time.time()) < 5
    assert int(rpc(http, "eth_blockNumber")["result"], 16) - int(block["number"], 16) in (0, 1)
    assert rpc(http, "eth_getBlockByNumber", block["number"], False)["result"] == block


def test_balance_of_a_stranger_is_zero(charlie: Player) -> None:
    assert charlie.balance() == 0


def test_address_without_code_answers_nothing(http: Http, charlie: Player) -> None:
    call = {"to": MAINNET_USDC, "data": f"0x70a08231{word(charlie.address)}"}
    assert rpc(http, "eth_call", call, "latest")["result"] == "0x"


def test_authorization_is_used_after_its_payment(http: Http, charlie: Player) -> None:
    charlie.draw()
    header = charlie.pay(charlie.sepolia())
    nonce = unb64(header)["payload"]["authorization"]["nonce"]
    call = {"to": USDC, "data": f"0xe94a0102{word(charlie.address)}{word(nonce)}"}
    assert int(rpc(http, "eth_call", call, "latest")["result"], 16) == 0
    charlie.buy(header=header)
    assert int(rpc(http, "eth_call", call, "latest")["result"], 16) == 1


def test_batch_answers_every_call(http: Http) -> None:
    calls: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": n, "method": "eth_chainId", "params": []} for n in (1, 2)
    ]
    assert [answer["id"] for answer in http.post("/rpc", json=calls).json()] == [1, 2]


def test_unknown_method_is_an_rpc_error(http: Http) -> None:
    assert rpc(http, "eth_sendRawTransaction", "0x")["error"]["code"] == -32601


def test_unknown_function_of_the_token_reverts(http: Http) -> None:
    call = {"to": USDC, "data": "0xdeadbeef" + "0" * 64}
    assert rpc(http, "eth_call", call, "latest")["error"]["code"] == 3


def logs(http: Http, sender: str, first: int, last: int) -> Any:
    wanted = {
        "address": USDC,
        "topics": [[TRANSFER, AUTHORIZATION_USED], f"0x{word(sender)}"],
        "fromBlock": hex(first),
        "toBlock": hex(last),
    }
    return rpc(http, "eth_getLogs", wanted)


def test_a_payment_leaves_the_token_s_two_events(http: Http, charlie: Player) -> None:
    charlie.draw()
    header = charlie.pay(charlie.sepolia())
    nonce = unb64(header)["payload"]["authorization"]["nonce"]
    charlie.buy(header=header)
    head = int(rpc(http, "eth_blockNumber")["result"], 16)

    used, moved = logs(http, charlie.address, head - 100, head)["result"]

    assert used["topics"] == [AUTHORIZATION_USED, f"0x{word(charlie.address)}", nonce]
    assert moved["topics"][:2] == [TRANSFER, f"0x{word(charlie.address)}"]
    assert int(moved["data"], 16) == 100_000
    assert used["transactionHash"] == moved["transactionHash"]
    assert logs(http, charlie.address, head - 200, head - 100)["result"] == []


def test_events_are_given_for_some_blocks_at_once_only(http: Http, charlie: Player) -> None:
    assert logs(http, charlie.address, 0, 10_000)["error"]["code"] == -32005
