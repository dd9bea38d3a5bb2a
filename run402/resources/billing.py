"""The account that Run402 keeps of a wallet: prepaid balance, mail credits, its own ledger (contract: identity 4.3).

Newer gateways call it an organization and want the wallet's sign-in; older ones ask for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from run402 import reading
from run402.reading import Document
from run402.routes import route
from run402.wire import Call, Wire

#: How many entries are asked for at once, and how many pages of them at most.
PAGE, MOST_PAGES = 200, 25


class LedgerIncomplete(Exception):
    """The gateway does not show its ledger as far back as was asked for."""


@dataclass(frozen=True)
class Account:
    """What Run402 holds for a wallet, in USD micros. A number is None when the gateway did not give it.

    >>> read_account({"available_usd_micros": 1_250_000, "email_credits_remaining": 40}).available_micros
    1250000
    """

    org_id: str | None
    available_micros: int | None
    held_micros: int | None
    email_credits: int | None
    tier: str | None
    lease_expires_at: datetime | None
    raw: Document = field(repr=False)


@dataclass(frozen=True)
class Entry:
    """A line of Run402's ledger. ``direction`` is credit or debit; ``kind`` names what for, in the gateway's words.

    >>> read_entry({"id": "e1", "direction": "debit", "kind": "tier", "amount_usd_micros": 100_000}).is_debit
    True
    """

    id: str
    direction: str
    kind: str
    micros: int
    balance_after_micros: int | None
    reference_type: str | None
    reference_id: str | None
    created_at: datetime | None
    raw: Document = field(repr=False)

    @property
    def is_debit(self) -> bool:
        return self.direction == "debit"


@dataclass(frozen=True)
class LedgerPage:
    """A page of the ledger, newest first; ``cursor`` is None on the last one.

    >>> read_page({"entries": []}).cursor is None
    True
    """

    entries: tuple[Entry, ...]
    cursor: str | None
    raw: Document = field(repr=False)


class BillingResource:
    """``client.billing``.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"org_id": "o", "available_usd_micros": 5}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.billing._of_account("0xab").available_micros
    5
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def account(self) -> Account:
        """The signing wallet's account. Raises NotFound where the gateway has none of it (a wallet that never paid)."""
        address = self._address()
        return self._wire.either(
            "billing.account",
            new=lambda: self._of_organization(address),
            old=lambda: self._of_account(address),
        )

    def history(self, *, limit: int | None = None, after: str | None = None) -> LedgerPage:
        """A page of the signing wallet's ledger. Older gateways have no pages: there ``after`` cannot be used."""
        address = self._address()
        return self._wire.either(
            "billing.history",
            new=lambda: self._organization_page(address, limit, after),
            old=lambda: self._account_page(address, limit),
        )

    def history_since(self, since: datetime) -> tuple[Entry, ...]:
        """Every entry made at ``since`` or later, newest first. Raises LedgerIncomplete when they cannot all be had."""
        found: list[Entry] = []
        cursor: str | None = None
        for _page in range(MOST_PAGES):
            page = self.history(limit=PAGE, after=cursor)
            found += page.entries
            if any(entry.created_at and entry.created_at < since for entry in page.entries):
                return tuple(entry for entry in found if not entry.created_at or entry.created_at >= since)
            cursor = page.cursor
            if cursor is None and (len(page.entries) < PAGE or "has_more" in page.raw):
                return tuple(found)
            if cursor is None:
                break  # an older gateway, which has no further page
        raise LedgerIncomplete("The gateway does not show its ledger far enough back.")

    def _address(self) -> str:
        if self._wire.signer is None:
            raise ValueError("A wallet's account needs a client with a signer.")
        return self._wire.signer.address.lower()

    def _of_organization(self, address: str) -> Account:
        call = Call("GET", route("/orgs/v1/lookup", query={"wallet": address}), sign_in=True)
        return self._wire.read(call, read_account)

    def _of_account(self, address: str) -> Account:
        return self._wire.read(Call("GET", route("/billing/v1/accounts/{}", address)), read_account)

    def _organization_page(self, address: str, limit: int | None, after: str | None) -> LedgerPage:
        org = reading.need_text(self._of_organization(address).raw, "org_id")
        path = route("/orgs/v1/{}/billing/history", org, query={"limit": limit, "after": after})
        return self._wire.read(Call("GET", path, sign_in=True), read_page)

    def _account_page(self, address: str, limit: int | None) -> LedgerPage:
        path = route("/billing/v1/accounts/{}/history", address, query={"limit": limit})
        return self._wire.read(Call("GET", path), read_page)


def read_account(doc: Document) -> Account:
    return Account(
        org_id=reading.text(doc, "org_id"),
        available_micros=reading.number(doc, "available_usd_micros"),
        held_micros=reading.number(doc, "held_usd_micros"),
        email_credits=reading.number(doc, "email_credits_remaining"),
        tier=reading.text(doc, "tier"),
        lease_expires_at=reading.moment(doc, "lease_expires_at"),
        raw=doc,
    )


def read_entry(doc: Document) -> Entry:
    return Entry(
        id=reading.need_text(doc, "id"),
        direction=reading.text(doc, "direction") or "",
        kind=reading.text(doc, "kind") or "",
        micros=reading.need_number(doc, "amount_usd_micros"),
        balance_after_micros=reading.number(doc, "balance_after_available"),
        reference_type=reading.text(doc, "reference_type"),
        reference_id=reading.text(doc, "reference_id"),
        created_at=reading.moment(doc, "created_at"),
        raw=doc,
    )


def read_page(doc: Document) -> LedgerPage:
    entries = tuple(read_entry(entry) for entry in reading.documents(doc, "entries"))
    return LedgerPage(entries, reading.text(doc, "next_cursor") or None, doc)
