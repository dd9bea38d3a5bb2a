"""Addresses that a hurried eye takes for one another: people compare the first and last characters only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from teams.reach import Reach
from wallets.models import Payment, Wallet

#: As many characters at either end as shortened addresses show.
ENDS = 4


@dataclass(frozen=True)
class Lookalike:
    """Another known address, and whose it is."""

    address: str
    whose: str


def lookalikes_of(wallet: Wallet, reach: Reach) -> list[Lookalike]:
    """Return the addresses within reach that begin and end like the wallet's, and are others."""
    if not wallet.address:
        return []
    return [*_wallets(wallet, reach), *_payees(wallet, reach)]


def _wallets(wallet: Wallet, reach: Reach) -> list[Lookalike]:
    same = _alike("address", wallet.address)
    rows = Wallet.objects.filter(reach.q(wallet="pk"), **same).exclude(address__iexact=wallet.address)
    return [Lookalike(one.address, one.label) for one in rows.order_by("label")]


def _payees(wallet: Wallet, reach: Reach) -> list[Lookalike]:
    same = _alike("payee", wallet.address)
    rows = Payment.objects.filter(reach.q(wallet="wallet_id"), **same).exclude(payee__iexact=wallet.address)
    payees = rows.order_by("payee").values_list("payee", flat=True).distinct()
    return [Lookalike(payee, _("an address that was paid")) for payee in payees]


def _alike(field: str, address: str) -> dict[str, str]:
    return {f"{field}__istartswith": address[: 2 + ENDS], f"{field}__iendswith": address[-ENDS:]}
