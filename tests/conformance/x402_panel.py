"""The panel's payment, its answer lost, and a chain of our own: found settled when it was, released when it cannot be.

Run by `payments` with pytest; not by `make test`, which has no such chain. The gateway is a sandbox that hears nothing
of the payment; two providers tell of the same anvil.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import time_machine

from audit.record import SYSTEM
from billing import services
from operations.models import Operation
from run402.transport import LocalhostTransport
from run402.x402 import TESTNET, USDC
from sandbox.chain import PAY_TO
from teams.models import Team, User
from tests.billing.conftest import TIERS, attempt
from tests.factories import GatewayFactory
from tests.fixtures import RunOperations
from wallets import payees, spending
from wallets.limits import Limits
from wallets.models import Gateway, Payment, Wallet

pytestmark = pytest.mark.django_db
PATH, PRICE, START, LATER = "/tiers/v1/prototype", 100_000, 5_000_000, 400
TOKEN = USDC[TESTNET].address
MINT, BALANCE_OF, TRANSFER_WITH_AUTHORIZATION = "0x40c10f19", "0x70a08231", "0xe3ee160e"


def word(value: str | int) -> str:
    return (value.removeprefix("0x").lower() if isinstance(value, str) else f"{value:x}").rjust(64, "0")


class Anvil:
    """The running chain, whose own account pays the gas of what anybody wants settled."""

    def __init__(self) -> None:
        self.url = os.environ["X402_RPC_URL"]
        self.http = httpx.Client(trust_env=False, timeout=10)

    def rpc(self, method: str, *params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self.http.post(self.url, json=call).json()
        assert "error" not in answer, answer
        return answer["result"]

    def send(self, data: str) -> bool:
        """Have a call to the token mined; say whether it was taken."""
        sender = self.rpc("eth_accounts")[0]
        asked = {"from": sender, "to": TOKEN, "data": data, "gas": hex(500_000)}
        sent = self.rpc("eth_sendTransaction", asked)
        for _ in range(500):
            if receipt := self.rpc("eth_getTransactionReceipt", sent):
                return bool(receipt["status"] == "0x1")
            time.sleep(0.01)
        raise TimeoutError(sent)

    def mint(self, address: str, micros: int) -> None:
        assert self.send(MINT + word(address) + word(micros))

    def balance(self, address: str) -> int:
        return int(self.rpc("eth_call", {"to": TOKEN, "data": BALANCE_OF + word(address)}, "latest"), 16)

    def settle(self, header: str) -> bool:
        """Do what a facilitator does with a payment's header."""
        payload = json.loads(base64.b64decode(header))["payload"]
        told, signature = payload["authorization"], payload["signature"].removeprefix("0x")
        numbers = [int(told[name]) for name in ("value", "validAfter", "validBefore")]
        fields = [told["from"], told["to"], *numbers, told["nonce"], int(signature[128:], 16)]
        words = "".join(map(word, [*fields, signature[:64], signature[64:128]]))
        return self.send(TRANSFER_WITH_AUTHORIZATION + words)

    def move_time(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")


@pytest.fixture
def chain() -> Iterator[Anvil]:
    running = Anvil()
    yield running
    running.http.close()


@pytest.fixture
def tell() -> Any:
    """Order something of the sandbox; all orders are gone afterwards."""
    with httpx.Client(base_url=os.environ["X402_SHOP_URL"], transport=LocalhostTransport()) as http:
        yield lambda knob: http.post("/_sandbox/knobs", json=knob).raise_for_status()
        http.delete("/_sandbox/knobs").raise_for_status()


@pytest.fixture
def wallet(chain: Anvil, keysets: None, team: Team, alice: User, run_operations: RunOperations) -> Wallet:
    """A wallet that a worker made, with five dollars on our chain, at a gateway of Cloud's kind."""
    shop: Gateway = GatewayFactory.create()
    shop.kind, shop.tiers, shop.url = Gateway.Kind.CLOUD, TIERS, os.environ["X402_SHOP_URL"]
    shop.rpc_urls = [chain.url, chain.url.replace("127.0.0.1", "localhost")]
    shop.save()
    payees.trust(team, shop, PAY_TO, actor=SYSTEM)
    made = services.make_wallet(
        team=team, actor=alice, gateway=shop, label="Payer", limits=Limits(1_000_000, 2_000_000)
    )
    run_operations()
    made.refresh_from_db()
    chain.mint(made.address, START)
    return made


@pytest.fixture
def lose(tell: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the moment at which a payment's row is signed, the gateway hears nothing more of it."""
    store = spending._store_signed

    def stored(*args: Any) -> None:
        store(*args)
        tell({"do": "drop_before", "path": PATH, "method": "POST", "times": 99})

    monkeypatch.setattr(spending, "_store_signed", stored)


def pay_and_lose(wallet: Wallet, alice: User) -> tuple[Operation, str]:
    """Pay for a tier; return the operation, and the header that left."""
    operation = services.set_tier(wallet=wallet, actor=alice, tier="prototype", shown_micros=PRICE)
    attempt(operation)
    payment = Payment.objects.get()
    assert payment.state == "unknown"
    held = spending.held(payment)
    assert held is not None
    return operation, held.header


def look_past_its_end(chain: Anvil, tell: Callable[[dict[str, Any]], None], run: RunOperations) -> Payment:
    chain.move_time(LATER)
    tell({"do": "clock", "seconds": LATER, "only": "proofs"})
    with time_machine.travel(time.time() + LATER):
        run()
    return Payment.objects.get()


@pytest.mark.usefixtures("lose")
def test_a_payment_whose_answer_was_lost_is_found_settled(
    chain: Anvil, tell: Any, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation, header = pay_and_lose(wallet, alice)
    assert chain.settle(header)
    payment = look_past_its_end(chain, tell, run_operations)
    assert (payment.state, payment.settled_micros, payment.paid_by) == ("settled", PRICE, "x402")
    assert chain.balance(wallet.address) == START - PRICE
    operation.refresh_from_db()
    assert operation.error["code"] == "PAID_NOT_DELIVERED"  # this gateway never heard of it


@pytest.mark.usefixtures("lose")
def test_one_that_was_never_sent_is_released_after_its_end_and_can_never_settle(
    chain: Anvil, tell: Any, wallet: Wallet, alice: User, run_operations: RunOperations
) -> None:
    operation, header = pay_and_lose(wallet, alice)
    payment = look_past_its_end(chain, tell, run_operations)
    assert (payment.state, payment.settled_micros) == ("released", 0)
    operation.refresh_from_db()
    assert operation.error["code"] == "PAYMENT_EXPIRED"
    assert (chain.settle(header), chain.balance(wallet.address)) == (False, START)
