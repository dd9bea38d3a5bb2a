"""What kinds of operation exist. Rooms add theirs in `handlers.py`; the engine knows none by name."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from core.registry import Registry
from teams.permissions import Action
from wallets.limits import money_of

if TYPE_CHECKING:
    from operations.reconciling import Outcome
    from operations.work import Work

Handler = Callable[["Work"], Mapping[str, Any] | None]
#: Reads what became of it, and changes nothing.
Reconcile = Callable[["Work"], "Outcome"]
#: The operation in words, as (label, value): what exactly will happen when it is confirmed.
Statement = Callable[[Any], list[tuple[str, str]]]
#: What of an operation a second person approves beside what every payment has: fields of `operations.documents.FIELDS`.
Approves = Callable[[Any], Mapping[str, str]]

INTERACTIVE, DEPLOYS, SYNC = "interactive", "deploys", "sync"
QUEUES = (INTERACTIVE, DEPLOYS, SYNC)
#: How long one attempt of a kind may take unless it says otherwise. A deploy uploads within one.
TIME_LIMITS = {
    INTERACTIVE: timedelta(minutes=5),
    SYNC: timedelta(minutes=5),
    DEPLOYS: timedelta(hours=1),
}
#: How long a handler may go on pausing and looking again unless its kind says otherwise.
DEADLINE = timedelta(days=1)


class Guard(enum.Enum):
    """What has to be there before a worker does it, besides the right."""

    NONE = "none"
    PASSKEY = "passkey"
    #: The asker's passkey where `args["network"]` is one of real money; nothing else is paid there.
    REAL_MONEY = "real_money"


@dataclass(frozen=True)
class Kind:
    """One kind of operation.

    `action` is the right that is asked for at submission and again in the worker. `mutates` decides the retry rule.
    `audited` kinds leave a trace when they end. `on_end` is told the row when it ended in failure or was cancelled.
    `guard` PASSKEY has the asker's passkey confirm the `statement` first (`operations.consent`), REAL_MONEY only
    where real money is paid. A result is emptied
    after `result_for`; one that a browser tab opens with a key of its own is fetched once (`operations.handing`).
    `reconcile` finds out what became of a change whose answer was lost (`operations.reconciling`); `on_review` is
    told the row when that failed and a person has to. One attempt may take `time_limit` (`operations.overtime`), and
    a handler may go on pausing for `deadline`; None: as long as it wants.
    `runs_halted` kinds go on while their team, gateway or everything is stopped: they find out what is true, or make
    things safer, and neither spend nor change anything at a gateway.
    `pays` kinds may reserve money, and show what they cost before anybody asks for them; no other kind gets any.
    `approves` adds to what a second person approves when it pays (`operations.documents`); `approver` is the right that
    takes, beside that to approve payments.
    """

    name: str
    label: str | Promise
    action: Action
    handler: Handler
    queue: str = INTERACTIVE
    mutates: bool = True
    audited: bool = True
    on_end: Callable[[Any], None] | None = None
    guard: Guard = Guard.NONE
    statement: Statement | None = None
    result_for: timedelta | None = None
    reconcile: Reconcile | None = None
    runs_halted: bool = False
    on_review: Callable[[Any], None] | None = None
    time_limit: timedelta | None = None
    deadline: timedelta | None = DEADLINE
    pays: bool = False
    approves: Approves | None = None
    approver: Action = Action.PAYMENT_APPROVE

    @property
    def limit(self) -> timedelta:
        """How long one attempt may take."""
        return self.time_limit or TIME_LIMITS.get(self.queue, TIME_LIMITS[INTERACTIVE])

    def __post_init__(self) -> None:
        if (self.guard is not Guard.NONE) != (self.statement is not None):
            raise TypeError(f"{self.name}: a guarded kind has a statement, another one has none.")

    @property
    def waits_for_two(self) -> bool:
        """A second person may be asked for it, after its asker's passkey."""
        return self.pays or self.approver is not Action.PAYMENT_APPROVE

    def asks_passkey(self, args: Mapping[str, Any]) -> bool:
        """Say whether an operation with these arguments has to be confirmed with its asker's passkey."""
        if self.guard is Guard.REAL_MONEY:
            return money_of(str(args.get("network"))) == "real"
        return self.guard is Guard.PASSKEY


kinds: Registry[Kind] = Registry("kind of operation")


def kind_label(name: str) -> str:
    """Return a kind's label; a kind that this version no longer has is named as it was stored."""
    return str(kinds.get(name).label) if name in kinds else name


def kind(
    name: str,
    label: str | Promise,
    *,
    action: Action,
    queue: str = INTERACTIVE,
    mutates: bool = True,
    audited: bool = True,
    on_end: Callable[[Any], None] | None = None,
    guard: Guard = Guard.NONE,
    statement: Statement | None = None,
    result_for: timedelta | None = None,
    reconcile: Reconcile | None = None,
    runs_halted: bool = False,
    on_review: Callable[[Any], None] | None = None,
    time_limit: timedelta | None = None,
    deadline: timedelta | None = DEADLINE,
    pays: bool = False,
    approves: Approves | None = None,
    approver: Action = Action.PAYMENT_APPROVE,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of a kind."""

    def decorate(handler: Handler) -> Handler:
        made = Kind(
            name,
            label,
            action,
            handler,
            queue=queue,
            mutates=mutates,
            audited=audited,
            on_end=on_end,
            guard=guard,
            statement=statement,
            result_for=result_for,
            reconcile=reconcile,
            runs_halted=runs_halted,
            on_review=on_review,
            time_limit=time_limit,
            deadline=deadline,
            pays=pays,
            approves=approves,
            approver=approver,
        )
        kinds.add(name, made)
        return handler

    return decorate


def guarded_actions() -> frozenset[Action]:
    """Return the actions that only a passkey confirms; paying real money and approving it are among them."""
    return frozenset(kind.action for kind in kinds if kind.guard is not Guard.NONE) | {Action.PAYMENT_APPROVE}
