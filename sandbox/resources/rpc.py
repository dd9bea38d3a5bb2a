"""POST /rpc: as much of an EVM node as it takes to read USDC balances and used authorizations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.chain import MAINNET_USDC, SEPOLIA_USDC, Asset
from sandbox.clock import Clock
from sandbox.problems import bad_request, not_found
from sandbox.store.ledger import Ledger, Transfer
from sandbox.web import Call, answer, endpoint

BLOCK_SECONDS = 2
MOST_IN_BATCH = 100
_BALANCE_OF = "0x70a08231"
_AUTHORIZATION_STATE = "0xe94a0102"
_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"
MOST_BLOCKS = 10_000
_WORD = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Node:
    """One chain as its node tells of it: the token there, who holds it, and what time it is."""

    asset: Asset
    ledger: Ledger
    clock: Clock


class RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def rpc(call: Call) -> Response:
    """Answer for the test network."""
    return _serve(call, Node(SEPOLIA_USDC, call.gateway.store.ledger, call.gateway.clock))


def base(call: Call) -> Response:
    """Answer for the network that a sandbox only pretends (`SANDBOX_PRETENDS_BASE`); else there is none."""
    ledger = call.gateway.store.base
    if ledger is None:
        raise not_found("NO_CHAIN", "This sandbox knows no such chain.")
    return _serve(call, Node(MAINNET_USDC, ledger, call.gateway.clock))


def _serve(call: Call, node: Node) -> Response:
    try:
        asked = json.loads(call.body)
    except ValueError as error:
        raise bad_request("BAD_JSON", "The body is not JSON-RPC.") from error
    if isinstance(asked, list):
        if not 0 < len(asked) <= MOST_IN_BATCH:
            raise bad_request("BAD_FIELD", f"A batch holds 1 to {MOST_IN_BATCH} calls.")
        return answer([_answer(node, one) for one in asked])
    return answer(_answer(node, asked))


def _answer(node: Node, asked: object) -> dict[str, Any]:
    request: dict[str, Any] = asked if isinstance(asked, dict) else {}
    head = {"jsonrpc": "2.0", "id": request.get("id")}
    params = request.get("params") or []
    try:
        method = _METHODS.get(str(request.get("method")))
        if method is None:
            raise RpcError(-32601, "the method does not exist or is not available")
        if not isinstance(params, list):
            raise RpcError(-32602, "params must be a list")
        return {**head, "result": method(node, params)}
    except RpcError as error:
        return {**head, "error": {"code": error.code, "message": str(error)}}


def _chain_id(node: Node, params: list[Any]) -> str:
    return hex(node.asset.chain_id)


def _version(node: Node, params: list[Any]) -> str:
    return str(node.asset.chain_id)


def _head(node: Node) -> int:
    return int(node.clock.block_now()) // BLOCK_SECONDS


def _block_number(node: Node, params: list[Any]) -> str:
    return hex(_head(node))


def _block(node: Node, params: list[Any]) -> dict[str, Any] | None:
    """A block every two seconds; its number follows from the time."""
    tag = params[0] if params else "latest"
    if isinstance(tag, str) and re.fullmatch(r"0x[0-9a-f]{1,16}", tag):
        number = int(tag, 16)
        return _block_at(number) if number <= _head(node) else None
    if tag in ("latest", "pending", "safe", "finalized"):
        return _block_at(_head(node))
    raise RpcError(-32602, "unknown block")


def _block_at(number: int) -> dict[str, Any]:
    return {
        "number": hex(number),
        "timestamp": hex(number * BLOCK_SECONDS),
        "hash": f"0x{number:064x}",
        "parentHash": f"0x{number - 1:064x}",
        "transactions": [],
    }


def _eth_call(node: Node, params: list[Any]) -> str:
    """An address without code answers '0x', as on a real chain."""
    asked = params[0] if params and isinstance(params[0], dict) else {}
    data = asked.get("data") or asked.get("input")
    if str(asked.get("to")).lower() != node.asset.address.lower():
        return "0x"
    if not isinstance(data, str):
        raise RpcError(-32602, "data is missing")
    words = [data[10 + 64 * index : 74 + 64 * index] for index in range((len(data) - 10) // 64)]
    if not words or not all(_WORD.fullmatch(word) for word in words):
        raise RpcError(3, "execution reverted")
    if data[:10] == _BALANCE_OF:
        return _word(node.ledger.balance(f"0x{words[0][24:]}"))
    if data[:10] == _AUTHORIZATION_STATE and len(words) == 2:
        used = node.ledger.authorization(f"0x{words[0][24:]}", f"0x{words[1]}")
        return _word(1 if used else 0)
    raise RpcError(3, "execution reverted")


def _get_logs(node: Node, params: list[Any]) -> list[dict[str, Any]]:
    """The token's events of one sender: a payment tells of its authorization first, then of the transfer."""
    asked = params[0] if params and isinstance(params[0], dict) else {}
    first, last = _range(node, asked)
    wanted, sender = _topics(asked)
    if str(asked.get("address")).lower() != node.asset.address.lower():
        return []
    moments = (first * BLOCK_SECONDS, (last + 1) * BLOCK_SECONDS)
    found = node.ledger.sent_by(f"0x{sender[-40:]}", *moments)
    logs = [log for transfer, nonce in found for log in _logs_of(node, transfer, nonce)]
    return [log for log in logs if log["topics"][0] in wanted]


def _range(node: Node, asked: dict[str, Any]) -> tuple[int, int]:
    ends = [asked.get("fromBlock"), asked.get("toBlock")]
    if not all(isinstance(end, str) and re.fullmatch(r"0x[0-9a-f]{1,16}", end) for end in ends):
        raise RpcError(-32602, "fromBlock and toBlock must be numbers here")
    first, last = (int(str(end), 16) for end in ends)
    if last - first >= MOST_BLOCKS:
        raise RpcError(-32005, f"at most {MOST_BLOCKS} blocks at once")
    return first, min(last, _head(node))


def _topics(asked: dict[str, Any]) -> tuple[list[str], str]:
    """Which events, and the sender: this node finds events by their first indexed address only."""
    topics = asked.get("topics")
    if not isinstance(topics, list) or len(topics) != 2 or not isinstance(topics[1], str):
        raise RpcError(-32602, "topics must name events and one sender here")
    if not _WORD.fullmatch(topics[1][2:]):
        raise RpcError(-32602, "a topic is 32 bytes")
    return (topics[0] if isinstance(topics[0], list) else [topics[0]]), topics[1]


def _logs_of(node: Node, transfer: Transfer, nonce: str | None) -> list[dict[str, Any]]:
    sender, recipient = (f"0x{address[2:].lower():0>64}" for address in (transfer.sender, transfer.recipient))
    number = int(transfer.created_at) // BLOCK_SECONDS
    head = {
        "address": node.asset.address.lower(),
        "blockNumber": hex(number),
        "blockHash": f"0x{number:064x}",
        "transactionHash": transfer.transaction_hash,
        "transactionIndex": "0x0",
        "removed": False,
    }
    moved = {
        **head,
        "topics": [_TRANSFER, sender, recipient],
        "data": _word(transfer.micros),
        "logIndex": "0x1",
    }
    if nonce is None:
        return [moved]
    return [{**head, "topics": [_AUTHORIZATION_USED, sender, nonce], "data": "0x", "logIndex": "0x0"}, moved]


def _word(number: int) -> str:
    return f"0x{number:064x}"


_METHODS: dict[str, Callable[[Node, list[Any]], Any]] = {
    "eth_chainId": _chain_id,
    "net_version": _version,
    "eth_blockNumber": _block_number,
    "eth_getBlockByNumber": _block,
    "eth_call": _eth_call,
    "eth_getLogs": _get_logs,
}

routes = [
    Route("/rpc", endpoint(rpc), methods=["POST"]),
    Route("/rpc/base", endpoint(base), methods=["POST"]),
]
