"""Money as people read it. Amounts are USDC in integer micros (1 USD = 1,000,000)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MICROS = 1_000_000
CENT = Decimal("0.01")

MoneyKind = Literal["test", "real"]


@dataclass(frozen=True, slots=True)
class Network:
    """A payment network the panel knows: its CAIP-2 id, its name and the kind of money on it."""

    id: str
    name: str | Promise
    kind: MoneyKind


NETWORKS = {
    network.id: network
    for network in (
        Network("eip155:84532", "Base Sepolia", "test"),
        Network("eip155:8453", "Base", "real"),
        Network("eip155:42431", "Tempo Moderato", "test"),
        Network("eip155:4217", "Tempo", "real"),
        Network("card", _("Card"), "real"),
        Network("card:test", _("Card, in play money"), "test"),
    )
}

KINDS: dict[str, MoneyKind] = {"test": "test", "real": "real", **{n.id: n.kind for n in NETWORKS.values()}}

STAMPS: dict[MoneyKind, Promise] = {"test": _("Test"), "real": _("Real")}
#: What stands on the stamp in place of the kind of money, whose colour stays.
OWN_STAMPS: dict[str, Promise] = {"card": _("Card"), "card:test": _("Play card")}
LONG_STAMPS: dict[MoneyKind, Promise] = {"test": _("Test money"), "real": _("Real money")}


def usd(micros: int, *, exact: bool = False) -> str:
    """Return `$1,204.50`. Below one dollar, or when `exact`, no digit is dropped: nothing becomes $0.00."""
    value = Decimal(micros) / MICROS
    if exact or abs(micros) < MICROS:
        text = _all_digits(value)
    else:
        text = f"{abs(value).quantize(CENT, ROUND_HALF_EVEN):,}"
    sign = "\N{MINUS SIGN}" if micros < 0 else ""
    return f"{sign}${text}"


def _all_digits(value: Decimal) -> str:
    """Return every digit there is, two decimals at least."""
    whole, _point, decimals = f"{abs(value):,.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def money_kind(network: str | None) -> MoneyKind | None:
    """Return the kind of money on a network (CAIP-2 id, or the kind itself); None for an unknown network."""
    return KINDS.get(network or "")


def network_name(network: str | None) -> str:
    """Return `Base Sepolia` for `eip155:84532`; an unknown id is shown as it is."""
    known = NETWORKS.get(network or "")
    return str(known.name) if known else network or ""
