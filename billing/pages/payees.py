"""Whom the team pays at each gateway, and who asks to be paid instead."""

from __future__ import annotations

from dataclasses import dataclass

from billing import selectors
from billing.payees import CONFIRM
from operations.models import Operation
from teams.models import Membership
from teams.permissions import Action, allows
from wallets import gateways, payees
from wallets.models import Gateway, Payee


@dataclass(frozen=True)
class PayeeRow:
    """One gateway: the address that is paid, where it is from, and the other one that was asked for."""

    gateway: Gateway
    payee: Payee | None

    @property
    def address(self) -> str:
        """The address that is paid; empty for none."""
        confirmed = self.payee.address if self.payee else ""
        return confirmed or payees.built_in(self.gateway)

    @property
    def is_built_in(self) -> bool:
        """Whether the panel knows the address by itself."""
        return bool(self.address) and not (self.payee and self.payee.address)


@dataclass(frozen=True)
class PayeesPage:
    """The gateways, those that ask for another address first."""

    rows: tuple[PayeeRow, ...]
    op: Operation | None
    may_confirm: bool


def payees_page(membership: Membership) -> PayeesPage:
    """Return the page for a member, with the confirmation that a worker writes now: it is read first."""
    op = selectors.asked_lately(membership.reach, CONFIRM)
    known = {payee.gateway_id: payee for payee in Payee.objects.filter(team=membership.team_id)}
    rows = [PayeeRow(gateway, known.get(gateway.pk)) for gateway in gateways.choices()]
    rows.sort(key=lambda row: not (row.payee and row.payee.seen))
    return PayeesPage(tuple(rows), op, allows(membership.role, Action.TEAM_RULES))
