"""Before the first byte of a payment leaves, its row stands committed where every other process sees it."""

from __future__ import annotations

import threading

import httpx
import pytest
from django.db import connection

import run402
from core.errors import Refusal
from run402.transport import LocalhostTransport
from tests.wallets.conftest import charge
from wallets import closing, signer, spending, vault
from wallets.models import Payment, Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
Seen = list[tuple[str, str, bool]]


class Watching(LocalhostTransport):
    """Looks into the database, from a connection of its own, at the moment each request leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Seen = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        looking = threading.Thread(target=self._look, args=("payment-signature" in request.headers,))
        looking.start()
        looking.join()
        return super().handle_request(request)

    def _look(self, pays: bool) -> None:
        try:
            payment = Payment.objects.get()
            self.seen.append((payment.state, payment.nonce, pays))
        finally:
            connection.close()


def test_a_payment_leaves_only_when_its_row_says_signed(funded: Wallet) -> None:
    key = vault.unseal(bytes(funded.key_sealed), signer.key_context(funded))
    payment = spending.reserve(funded, charge())
    transport = Watching()
    with run402.Client(funded.gateway.url, signer=run402.LocalSigner(key), transport=transport) as client:
        client.tiers.set("prototype", purchase=spending.purchase(payment), idempotency_key="once")
    payment.refresh_from_db()
    assert transport.seen == [("reserved", "", False), ("signed", payment.nonce, True)]


def test_nothing_leaves_when_the_row_cannot_be_written(funded: Wallet) -> None:
    key = vault.unseal(bytes(funded.key_sealed), signer.key_context(funded))
    payment = spending.reserve(funded, charge())
    purchase = spending.purchase(payment)
    closing.release(Payment.objects.get(), actor=charge().actor)
    transport = Watching()
    with (
        run402.Client(funded.gateway.url, signer=run402.LocalSigner(key), transport=transport) as client,
        pytest.raises(Refusal),
    ):
        client.tiers.set("prototype", purchase=purchase, idempotency_key="never")
    assert transport.seen == [("released", "", False)]
