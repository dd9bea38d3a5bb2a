"""Failures to order, money to give, time to move: for tests and chaos runs only (README of this package)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.cashier import ledger_of
from sandbox.chain import ASSETS, FAUCET, SEPOLIA_USDC, is_address
from sandbox.failures import PHASES
from sandbox.ids import transaction_hash
from sandbox.problems import bad_request, forbidden
from sandbox.store.ledger import Transfer
from sandbox.web import Call, answer, endpoint

TRANSPORT = ("status", "delay", "drop_before", "drop_after")
DEFAULT_PATHS = {
    "lose_settlement": ("POST", "/tiers/v1/*"),
    "base_conflict": ("POST", "/apply/v1/plans/*/commit"),
    "activation_pending": ("POST", "/apply/v1/plans/*/commit"),
    "needs_repair": ("POST", "/apply/v1/plans/*/commit"),
    "fail": ("POST", "/apply/v1/plans/*/commit"),
    "charge": ("POST", "/apply/v1/plans/*/commit"),
    "warn": ("POST", "/apply/v1/plans"),
    "foreign_checkout": ("POST", "*/checkout*"),
    "job": ("POST", "/jobs/v1/runs"),
}
_OWN_FIELDS = {"id", "method", "path", "do", "times"}
MOST_MICROS = 10**15


def listing(call: Call) -> Response:
    clock = call.gateway.clock
    offsets = {
        "leases_seconds": clock.lease_offset,
        "proofs_seconds": clock.proof_offset,
        "blocks_seconds": clock.block_offset,
    }
    return answer({"knobs": call.gateway.store.knobs.all(), "clock": offsets})


def turn(call: Call) -> Response:
    _refuse_foreign_pages(call)
    body = call.json()
    kind = body.get("do")
    if kind == "clock":
        return _move_clock(call, body)
    if kind not in TRANSPORT and kind not in DEFAULT_PATHS:
        known = ", ".join((*TRANSPORT, *DEFAULT_PATHS, "clock"))
        raise bad_request("BAD_FIELD", f"'do' must be one of {known}.", field="do")
    if kind == "fail" and body.get("phase", "migrate") not in PHASES:
        raise bad_request("BAD_FIELD", f"'phase' must be one of {', '.join(PHASES)}.", field="phase")
    method, path = DEFAULT_PATHS.get(kind, ("*", "*"))
    times = body.get("times", 1)
    if type(times) is not int or times < 1:
        raise bad_request("BAD_FIELD", "'times' must be a positive whole number.", field="times")
    knob = call.gateway.store.knobs.add(
        method=str(body.get("method", method)).upper(),
        path=str(body.get("path", path)),
        kind=kind,
        times=times,
        arguments={name: value for name, value in body.items() if name not in _OWN_FIELDS},
    )
    return answer(knob, 201)


def _move_clock(call: Call, body: dict[str, Any]) -> Response:
    """`seconds` from real time, absolute; `only` is 'leases', 'proofs', 'blocks' or absent for the first two."""
    seconds = body.get("seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise bad_request("BAD_FIELD", "'seconds' must be a number.", field="seconds")
    clock, only = call.gateway.clock, body.get("only")
    if only in (None, "leases"):
        clock.lease_offset = float(seconds)
    if only in (None, "proofs"):
        clock.proof_offset = float(seconds)
    if only == "blocks":
        clock.block_offset = float(seconds)
    return listing(call)


def clear(call: Call) -> Response:
    _refuse_foreign_pages(call)
    call.gateway.store.knobs.clear()
    clock = call.gateway.clock
    clock.lease_offset = clock.proof_offset = clock.block_offset = 0.0
    return Response(status_code=204)


def fund(call: Call) -> Response:
    """USDC without the faucet's patience: {address, amount_usd_micros}, and `network` where Base is pretended."""
    _refuse_foreign_pages(call)
    address, micros = _gift(call)
    asset = ASSETS.get(str(call.json().get("network", SEPOLIA_USDC.network)))
    ledger = ledger_of(call, asset) if asset else None
    if ledger is None:
        raise bad_request("BAD_FIELD", "This sandbox holds no USDC of that network.", field="network")
    ledger.mint(Transfer(transaction_hash(), "gift", FAUCET, address, micros, call.gateway.clock.now()))
    return answer({"address": address, "balance_usd_micros": ledger.balance(address)}, 201)


def _refuse_foreign_pages(call: Call) -> None:
    """A web page from anywhere could reach this port; only the sandbox's own origin may turn knobs."""
    origin = call.header("origin")
    if origin is not None and origin != call.origin:
        raise forbidden("Knobs cannot be turned by pages of another origin.")


def credit(call: Call) -> Response:
    """Prepaid balance, as a top-up by card gives it: {address, amount_usd_micros}."""
    _refuse_foreign_pages(call)
    address, micros = _gift(call)
    store, now = call.gateway.store, call.gateway.clock.now()
    with store.transaction():
        before = store.accounts.get(address)
        after = replace(before, credit_micros=before.credit_micros + micros)
        store.accounts.save(after)
        store.accounts.enter(before, after, kind="stripe_topup", reference="sandbox", now=now)
    return answer({"address": address, "balance_usd_micros": after.credit_micros}, 201)


def _gift(call: Call) -> tuple[str, int]:
    """The address and the micros that the body names."""
    body = call.json()
    address, micros = body.get("address"), body.get("amount_usd_micros")
    if not isinstance(address, str) or not is_address(address):
        raise bad_request("BAD_FIELD", "'address' must be 0x and 40 hex digits.", field="address")
    if type(micros) is not int or not 0 < micros <= MOST_MICROS:
        raise bad_request(
            "BAD_FIELD", "'amount_usd_micros' must be a positive whole number.", field="amount_usd_micros"
        )
    return address, micros


routes = [
    Route("/_sandbox/knobs", endpoint(listing), methods=["GET"]),
    Route("/_sandbox/knobs", endpoint(turn), methods=["POST"]),
    Route("/_sandbox/knobs", endpoint(clear), methods=["DELETE"]),
    Route("/_sandbox/fund", endpoint(fund), methods=["POST"]),
    Route("/_sandbox/credit", endpoint(credit), methods=["POST"]),
]
