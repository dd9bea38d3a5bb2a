from __future__ import annotations

import time
from typing import Any

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import MAINNET_USDC, USDC, Player, unb64


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
