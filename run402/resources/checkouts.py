"""Links to a hosted page where a person pays by card: for a tier, or into the prepaid balance (contract: identity 4.3).

The link itself is a capability: whoever has it sees what is bought, so it is in no ``repr``. The contract has no call
that tells what became of a link; the tier, the balance and the ledger do (``client.tiers``, ``client.billing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from run402 import reading
from run402.reading import Document
from run402.routes import route
from run402.wire import Call, Wire, json_call

#: The smallest sum that can be paid in, and what it has to be a multiple of: whole cents, in micros.
LEAST_MICROS, CENT_MICROS = 500_000, 10_000


@dataclass(frozen=True)
class CheckoutLink:
    """A page to pay on. ``topup_id`` names it in the gateway's ledger, perhaps; ``expires_at`` is told by few.

    >>> read_link({"checkout_url": "https://checkout.stripe.com/c/x", "topup_id": "top_1"}).topup_id
    'top_1'
    """

    url: str = field(repr=False)
    topup_id: str | None
    product: str | None
    org_id: str | None
    expires_at: datetime | None
    raw: Document = field(repr=False)


class CheckoutsResource:
    """``client.checkouts``.

    >>> import httpx
    >>> from run402 import Client, LocalSigner, new_key
    >>> answer = {"org_id": "o", "checkout_url": "https://checkout.stripe.com/c/x", "topup_id": "top_1"}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", signer=LocalSigner(new_key()), transport=transport)
    >>> client.checkouts.for_tier("hobby").topup_id
    'top_1'
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def for_tier(
        self,
        tier: str,
        *,
        success_url: str | None = None,
        cancel_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> CheckoutLink:
        """A link that sets ``tier`` for the signing wallet once it is paid.

        ``success_url`` and ``cancel_url`` are where the page leads afterwards; older gateways choose themselves.
        Raises NotFound where the gateway has no account of the wallet, or no checkouts.
        """
        return self._wire.either(
            "billing.checkouts",
            new=lambda: self._for_organization(
                {"product": "tier", "tier": tier, **_ways_back(success_url, cancel_url)}, idempotency_key
            ),
            old=lambda: self._post(
                route("/billing/v1/tiers/{}/checkout", tier), {"wallet": self._address()}, idempotency_key
            ),
        )

    def for_balance(
        self,
        micros: int,
        *,
        success_url: str | None = None,
        cancel_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> CheckoutLink:
        """A link that adds ``micros`` to the signing wallet's prepaid balance once it is paid.

        Raises ValueError for less than half a dollar or for parts of a cent, as the official client does.
        """
        if micros < LEAST_MICROS or micros % CENT_MICROS:
            raise ValueError("A top-up is at least 500000 micros, in whole cents.")
        amount = {"amount_usd_micros": micros}
        return self._wire.either(
            "billing.checkouts",
            new=lambda: self._for_organization(
                {"product": "balance_topup", **amount, **_ways_back(success_url, cancel_url)}, idempotency_key
            ),
            old=lambda: self._post(
                "/billing/v1/checkouts", {"wallet": self._address(), **amount}, idempotency_key
            ),
        )

    def _for_organization(self, body: dict[str, Any], key: str | None) -> CheckoutLink:
        account = self._wire.read(_lookup(self._address()), dict)
        path = route("/orgs/v1/{}/checkouts", reading.need_text(account, "org_id"))
        call = json_call("POST", path, body, sign_in=True, idempotency_key=key)
        return self._wire.read(call, read_link)

    def _post(self, path: str, body: dict[str, Any], key: str | None) -> CheckoutLink:
        return self._wire.read(json_call("POST", path, body, idempotency_key=key), read_link)

    def _address(self) -> str:
        if self._wire.signer is None:
            raise ValueError("A checkout needs a client with a signer.")
        return self._wire.signer.address.lower()


def read_link(doc: Document) -> CheckoutLink:
    return CheckoutLink(
        url=reading.need_text(doc, "checkout_url"),
        topup_id=reading.text(doc, "topup_id"),
        product=reading.text(doc, "product"),
        org_id=reading.text(doc, "org_id"),
        expires_at=reading.moment(doc, "expires_at"),
        raw=doc,
    )


def _lookup(address: str) -> Call:
    return Call("GET", route("/orgs/v1/lookup", query={"wallet": address}), sign_in=True)


def _ways_back(success_url: str | None, cancel_url: str | None) -> dict[str, str]:
    given = {"success_url": success_url, "cancel_url": cancel_url}
    return {name: url for name, url in given.items() if url is not None}
