"""A gateway that asks for other money than was shown, or for money where none is due: nothing is signed, over HTTP."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import run402
from core.errors import Refusal
from run402.errors import PaymentRefused, PaymentRequired, PaymentUnsettled
from run402.x402 import MAINNET, TESTNET, USDC
from teams.models import Team, User
from tests.wallets.conftest import charge
from wallets import payees, spending
from wallets.models import Gateway, Payee, Payment, Wallet

PAYEE = "0x" + "11" * 20
STRANGER = "0x" + "22" * 20
KEY = bytes.fromhex("11" * 32)
GOOD: dict[str, Any] = {
    "scheme": "exact",
    "network": TESTNET,
    "asset": USDC[TESTNET].address,
    "amount": "100000",
    "payTo": PAYEE,
    "maxTimeoutSeconds": 300,
    "extra": {"name": "USDC", "version": "2"},
}
TIER = {
    "wallet": "0xA",
    "action": "subscribe",
    "tier": "prototype",
    "lease_started_at": None,
    "lease_expires_at": None,
}


@dataclass
class Hostile:
    """A gateway that answers every request with a challenge, `rounds` times, and notes what came."""

    url: str = ""
    offer: dict[str, Any] = field(default_factory=lambda: dict(GOOD))
    resource: str | None = None
    rounds: int = 99
    seen: list[tuple[str, str, bool]] = field(default_factory=list)

    def challenge(self, path: str) -> str:
        document = {
            "x402Version": 2,
            "resource": {"url": self.resource or f"{self.url}{path}"},
            "accepts": [self.offer],
        }
        return base64.b64encode(json.dumps(document).encode()).decode()

    @property
    def paid(self) -> int:
        """How many requests came with a payment."""
        return sum(pays for _method, _path, pays in self.seen)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    gateway = Hostile()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            gateway.seen.append((self.command, self.path, "PAYMENT-SIGNATURE" in self.headers))
            asks = len(gateway.seen) <= gateway.rounds
            body = json.dumps({"code": "PAYMENT_REQUIRED", "message": "Pay."} if asks else TIER).encode()
            self.send_response(402 if asks else 200)
            if asks:
                self.send_header("PAYMENT-REQUIRED", gateway.challenge(self.path))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class calls it so

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield gateway
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(hostile: Hostile) -> Iterator[run402.Client]:
    with run402.Client(hostile.url, signer=run402.LocalSigner(KEY)) as made:
        yield made


@pytest.fixture
def payment(wallet: Wallet) -> Payment:
    """What was reserved after the person saw the price, by a team that knows whom it pays."""
    payees.trust(wallet.team, wallet.gateway, PAYEE, actor=charge().actor)
    return spending.reserve(wallet, charge())


def pay(client: run402.Client, payment: Payment) -> Any:
    return client.tiers.set("prototype", purchase=spending.purchase(payment), idempotency_key="once")


def refused(client: run402.Client, payment: Payment) -> str:
    """Return the code under which nothing was signed."""
    with pytest.raises((PaymentRefused, Refusal)) as caught:
        pay(client, payment)
    payment.refresh_from_db()
    assert (payment.state, payment.nonce) == ("reserved", "")
    error: Exception = caught.value
    return error.fault.code if isinstance(error, Refusal) else str(getattr(error, "details", {})["reasons"])


def test_what_was_shown_is_paid_once(hostile: Hostile, client: run402.Client, payment: Payment) -> None:
    hostile.rounds = 1
    assert pay(client, payment).outcome == "settled"
    assert hostile.paid == 1


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"amount": "100001"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"asset": STRANGER}, "asset"),
        ({"network": MAINNET, "asset": USDC[MAINNET].address, "extra": {"name": "USD Coin"}}, "network"),
        ({"network": "eip155:1"}, "network"),
        ({"maxTimeoutSeconds": 301}, "maxTimeoutSeconds"),
        ({"extra": {"name": "Other", "version": "2"}}, "extra"),
        ({"scheme": "upto"}, "scheme"),
    ],
)
def test_terms_that_changed_since_the_plan_are_refused(
    hostile: Hostile, client: run402.Client, payment: Payment, change: dict[str, Any], objection: str
) -> None:
    hostile.offer |= change
    assert objection in refused(client, payment)
    assert hostile.paid == 0


def test_another_payee_is_refused_and_shown_beside_the_known_one(
    hostile: Hostile, client: run402.Client, payment: Payment
) -> None:
    hostile.offer["payTo"] = STRANGER
    assert refused(client, payment) == "PAYEE_CHANGED"
    row = Payee.objects.get()
    assert (row.address, row.seen, hostile.paid) == (PAYEE, STRANGER, 0)


def test_a_challenge_for_another_host_is_refused(
    hostile: Hostile, client: run402.Client, payment: Payment
) -> None:
    hostile.resource = "https://elsewhere.example/tiers/v1/prototype"
    assert "resource" in refused(client, payment)
    assert hostile.paid == 0


def test_a_free_call_signs_nothing(hostile: Hostile, client: run402.Client) -> None:
    for ask in (client.tiers.quote, client.tiers.status, lambda: client.projects.provision(name="free")):
        with pytest.raises(PaymentRequired):
            ask()
    assert {method for method, _path, _pays in hostile.seen} == {"GET", "POST"}
    assert hostile.paid == 0


def test_a_second_challenge_after_a_payment_gets_no_second_signature(
    hostile: Hostile, client: run402.Client, payment: Payment
) -> None:
    with pytest.raises(PaymentUnsettled):
        pay(client, payment)
    payment.refresh_from_db()
    nonce = payment.nonce
    assert (payment.state, hostile.paid) == ("signed", 1)
    with pytest.raises(PaymentUnsettled):
        pay(client, payment)  # again, as after a lost answer: the same one is presented
    payment.refresh_from_db()
    assert (payment.nonce, hostile.paid) == (nonce, 2)


# --- Whom a team pays ---


def test_a_sandbox_is_paid_at_the_first_address_it_asks_for(
    hostile: Hostile, client: run402.Client, wallet: Wallet
) -> None:
    hostile.rounds = 1
    pay(client, spending.reserve(wallet, charge()))
    assert payees.known(wallet.team_id, wallet.gateway) == PAYEE


def test_any_other_gateway_is_paid_after_an_owner_has_confirmed_it(
    hostile: Hostile, client: run402.Client, wallet: Wallet
) -> None:
    Gateway.objects.update(kind=Gateway.Kind.CORE)
    payment = Payment.objects.get(pk=spending.reserve(wallet, charge()).pk)
    assert refused(client, payment) == "PAYEE_UNCONFIRMED"
    assert (Payee.objects.get().seen, Payee.objects.get().address) == (PAYEE, "")


def test_the_address_of_run402_cloud_is_built_in(db: None) -> None:
    cloud = Gateway(slug="cloud-itself", kind=Gateway.Kind.CLOUD, url="https://api.run402.com")
    assert payees.known(None, cloud) == "0x059D091D51a0f011c9872EaA63Df538F5cE15945"


def test_an_address_that_no_worker_wrote_is_not_paid(payment: Payment) -> None:
    Payee.objects.update(address=STRANGER)
    with pytest.raises(Refusal) as caught:
        payees.known(payment.team_id, payment.wallet.gateway)
    assert caught.value.fault.code == "PAYEE_TAMPERED"


def test_what_one_team_confirmed_is_not_confirmed_for_another(
    payment: Payment, team: Team, charlie: User
) -> None:
    assert payees.known(charlie.teams.get().pk, payment.wallet.gateway) == ""
