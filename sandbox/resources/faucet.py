"""POST /faucet/v1: a quarter of a test dollar per address and day (identity 4.1)."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sandbox.chain import FAUCET, is_address
from sandbox.clock import DAY
from sandbox.idempotency import once
from sandbox.ids import transaction_hash
from sandbox.problems import Problem, bad_request
from sandbox.store.ledger import Transfer
from sandbox.web import Call, answer, endpoint

DRIP_MICROS = 250_000


def draw(call: Call) -> Response:
    address = call.json().get("address")
    if not isinstance(address, str) or not is_address(address):
        raise bad_request("BAD_FIELD", "'address' must be 0x and 40 hex digits.", field="address")
    return once(call, address, lambda: _drip(call, address))


def _drip(call: Call, address: str) -> Response:
    now = call.gateway.clock.now()
    last = call.gateway.store.ledger.last_drip(address)
    if last is not None and now - last < DAY:
        raise _too_soon(int(last + DAY - now) + 1)
    transfer = Transfer(transaction_hash(), "faucet", FAUCET, address, DRIP_MICROS, now)
    call.gateway.store.ledger.mint(transfer)
    return answer(
        {
            "transaction_hash": transfer.transaction_hash,
            "amount_usd_micros": DRIP_MICROS,
            "token": "USDC",
            "network": "base-sepolia",
        }
    )


def _too_soon(seconds: int) -> Problem:
    return Problem(
        429,
        "RATE_LIMITED",
        "The faucet gives once a day to each address.",
        category="rate_limit",
        retryable=True,
        next_actions=("retry",),
        headers={"Retry-After": str(seconds)},
        retry_after=seconds,
        retry_after_seconds=seconds,
    )


routes = [Route("/faucet/v1", endpoint(draw), methods=["POST"])]
