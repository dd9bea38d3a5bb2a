"""What a wallet may spend: amounts for each window, and caps of single members, projects and kinds of cost.

Test money and real money are limited apart. Every window rolls: it ends now and begins as long ago as it is long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Literal, Self
from uuid import UUID

from wallets.models import Payment
from wallets.models.gateway import (
    BASE_MAINNET,
    BASE_SEPOLIA,
    CARD,
    PLAY_CARD,
    TEMPO_MAINNET,
    TEMPO_MODERATO,
)

Money = Literal["test", "real"]
#: The networks of each kind of money.
NETWORKS: Mapping[Money, tuple[str, ...]] = {
    "test": (BASE_SEPOLIA, TEMPO_MODERATO),
    "real": (BASE_MAINNET, TEMPO_MAINNET),
}
#: What people's cards paid is in the ledger and under no limit: it is not the wallet's money.
CARDS: Mapping[Money, str] = {"test": PLAY_CARD, "real": CARD}
#: How far back each window reaches. A single payment reaches nowhere.
WINDOWS: Mapping[str, timedelta] = {
    "payment": timedelta(0),
    "day": timedelta(hours=24),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
LONGEST = max(WINDOWS.values())
WALLET, MEMBER, PROJECT, KIND = "wallet", "member", "project", "kind"
_ABOUT_ONE = (MEMBER, PROJECT, KIND)
#: No limit is ever raised above this, whoever asks.
MOST_MICROS = 10_000_000_000
MOST_CAPS = 40
#: A kind that may need a second person above a sum of its own, beside the classes of `Payment.Cost`.
DEPLOY = "deploy"


def money_of(network: str) -> Money | None:
    """Return whether a network's money, or a card's, is test or real; None where nothing is paid on."""
    return next((money for money in NETWORKS if network in networks_of(money)), None)


def networks_of(money: Money) -> tuple[str, ...]:
    """Return what the ledger has of one kind of money: its networks, and the card."""
    return (*NETWORKS[money], CARDS[money])


@dataclass(frozen=True)
class Cap:
    """At most so much of one kind of money in one window; for everybody, or about one member, project or kind.

    `key` names which one: an id, or a class of cost. It is empty for the wallet as a whole.
    """

    about: str
    key: str
    money: str
    window: str
    micros: int

    @property
    def slot(self) -> tuple[str, str, str, str]:
        """Everything but the amount: a policy holds one cap for each slot."""
        return (self.about, self.key, self.money, self.window)


@dataclass(frozen=True)
class Amounts:
    """The limits of a whole wallet for one kind of money, in micros. None is no limit of its own."""

    payment: int
    day: int
    week: int | None = None
    month: int | None = None

    def caps(self, money: Money) -> Iterator[Cap]:
        """Yield them as caps, shortest window first."""
        for window in WINDOWS:
            if (micros := getattr(self, window)) is not None:
                yield Cap(WALLET, "", money, window, micros)


@dataclass(frozen=True)
class Limits:
    """All limits of a wallet, in USDC micros. `real` None: real money is not allowed at all.

    `approvals` says above which sum a second person has to approve: for a kind of cost, or, under "", for all.
    """

    per_payment_micros: int
    per_day_micros: int
    networks: tuple[str, ...] = (BASE_SEPOLIA,)
    per_week_micros: int | None = None
    per_month_micros: int | None = None
    real: Amounts | None = None
    caps: tuple[Cap, ...] = ()
    approvals: tuple[tuple[str, int], ...] = ()

    @property
    def test(self) -> Amounts:
        """The amounts for test money."""
        return Amounts(
            self.per_payment_micros, self.per_day_micros, self.per_week_micros, self.per_month_micros
        )

    def amounts(self, money: Money) -> Amounts | None:
        """Return the wallet's own amounts for a kind of money; None when it may pay with none of it."""
        return self.test if money == "test" else self.real

    def caps_of(self, money: Money) -> tuple[Cap, ...]:
        """Return every cap for a kind of money, those of the whole wallet first."""
        amounts = self.amounts(money)
        own = tuple(amounts.caps(money)) if amounts else ()
        return (*own, *(cap for cap in self.caps if cap.money == money))

    def as_args(self) -> dict[str, Any]:
        """Return them as an operation carries them to the worker, who decides about the networks itself."""
        return {
            "per_payment_micros": self.per_payment_micros,
            "per_day_micros": self.per_day_micros,
            **self.rules(),
        }

    def rules(self) -> dict[str, Any]:
        """Return what stands beside the first two amounts, as JSON; what is not set is left out."""
        real = self.real
        found: dict[str, Any] = {
            "per_week_micros": self.per_week_micros,
            "per_month_micros": self.per_month_micros,
            "real": [real.payment, real.day, real.week, real.month] if real else None,
            "caps": [[*cap.slot, cap.micros] for cap in self.caps] or None,
            "approvals": [list(one) for one in self.approvals] or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_args(cls, args: Mapping[str, Any], networks: tuple[str, ...]) -> Self:
        """Return what `as_args` or a policy's row holds, on those of the networks whose money is allowed.

        Raises ValueError for anything else: the arguments of an operation are not trusted.
        """
        try:
            real = Amounts(*args["real"]) if args.get("real") else None
            made = cls(
                args["per_payment_micros"],
                args["per_day_micros"],
                tuple(network for network in networks if real or network not in NETWORKS["real"]),
                args.get("per_week_micros"),
                args.get("per_month_micros"),
                real,
                tuple(Cap(*cap) for cap in args.get("caps", ())),
                tuple((key, micros) for key, micros in args.get("approvals", ())),
            )
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError("These are no limits.") from error
        made._require_types()
        return made

    def _require_types(self) -> None:
        for money in NETWORKS:
            for cap in self.caps_of(money):
                words = (cap.about, cap.key, cap.money, cap.window)
                if type(cap.micros) is not int or not all(isinstance(word, str) for word in words):
                    raise ValueError("A limit is a whole number of micros.")
        if not all(isinstance(key, str) and type(micros) is int for key, micros in self.approvals):
            raise ValueError("A threshold is a whole number of micros.")


def make_sense(limits: Limits) -> bool:
    """Say whether every amount is possible, and no window holds less than a shorter one."""
    every = [cap for money in NETWORKS for cap in limits.caps_of(money)]
    return (
        len(limits.caps) <= MOST_CAPS
        and all(_is_known(cap) for cap in limits.caps)
        and len({cap.slot for cap in every}) == len(every)
        and all(0 <= cap.micros <= MOST_MICROS for cap in every)
        and all(out_of_order(amounts) is None for amounts in (limits.test, limits.real) if amounts)
        and _thresholds_make_sense(limits.approvals)
    )


def _thresholds_make_sense(approvals: tuple[tuple[str, int], ...]) -> bool:
    known = {"", DEPLOY, *Payment.Cost.values}
    return (
        len(dict(approvals)) == len(approvals)
        and all(key in known for key, _micros in approvals)
        and all(0 <= micros <= MOST_MICROS for _key, micros in approvals)
    )


def _is_known(cap: Cap) -> bool:
    names_one = cap.key in Payment.Cost.values if cap.about == KIND else _is_id(cap.key)
    return cap.about in _ABOUT_ONE and names_one and cap.window in WINDOWS and cap.money in NETWORKS


def _is_id(key: str) -> bool:
    """Say whether a key is an id as the ledger writes it."""
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False


def out_of_order(amounts: Amounts) -> str | None:
    """Return the first window that allows more than a longer one; None when all are in order."""
    given = [(window, getattr(amounts, window)) for window in WINDOWS]
    present = [(window, micros) for window, micros in given if micros is not None]
    return next((shorter for (shorter, less), (_, more) in pairwise(present) if less > more), None)


def is_raise(now: Limits, asked: Limits) -> bool:
    """Say whether anything could be paid under `asked` that `now` forbids: a higher cap, a missing one, real money.

    What needs no second person any more is such a thing too.
    """
    alone = dict(asked.approvals)
    loosened = any(key not in alone or alone[key] > micros for key, micros in now.approvals)
    if loosened or (asked.real and not now.real):
        return True
    then = {cap.slot: cap.micros for money in NETWORKS for cap in asked.caps_of(money)}
    gone = {"real"} if now.real and not asked.real else set()
    present = [cap for money in NETWORKS for cap in now.caps_of(money) if cap.money not in gone]
    return any(cap.slot not in then or then[cap.slot] > cap.micros for cap in present)
