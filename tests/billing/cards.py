"""What people do about a payment by card, for its tests."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urlsplit

from billing import checkouts
from operations.models import Operation
from teams.models import User
from tests.sandboxes import Sandbox
from wallets.models import Checkout, Payment, Wallet


def asked(wallet: Wallet, actor: User, tier: str = "hobby") -> Checkout:
    return checkouts.ask_for_tier(wallet=wallet, actor=actor, tier=tier)


def operation_of(checkout: Checkout) -> Operation:
    """The one that asked for its link."""
    found = checkouts.asked_by(checkout)
    assert found is not None
    return found


def press(sandbox: Sandbox, checkout: Checkout, button: str = "pay") -> None:
    """Do as a person on the hosted page does."""
    path = urlsplit(checkouts.link_of(checkout)).path
    port = sandbox.url.rpartition(":")[2]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}/{button}", b"", {"Host": f"sandbox.localhost:{port}"}
    )
    urllib.request.build_opener(_Stay).open(request, timeout=60).close()


class _Stay(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the answer: its host does not resolve here."""

    def http_error_303(self, req: Any, fp: Any, *args: Any) -> Any:
        return fp


def payments(wallet: Wallet) -> list[tuple[str, int | None, str, str]]:
    rows = Payment.objects.filter(wallet=wallet)
    return [(row.paid_by, row.settled_micros, row.network, row.purpose) for row in rows]
