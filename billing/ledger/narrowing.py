"""Which payments: the filters of an address, and the rows that they leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.selectors import payments_of
from teams.reach import Reach
from wallets.limits import NETWORKS, networks_of
from wallets.models import Gateway, Payment


@dataclass(frozen=True)
class Narrowing:
    """The filters that are set. Days are UTC, both included; `money` is test or real, `by` what paid."""

    q: str = ""
    state: str = ""
    wallet: str = ""
    project: str = ""
    member: str = ""
    cost: str = ""
    money: str = ""
    by: str = ""
    since: date | None = None
    until: date | None = None

    def chosen(self) -> dict[str, str]:
        """Return what is set, by name, as an address has it."""
        return {name: str(value) for name, value in vars(self).items() if value}


def found(reach: Reach, gateway: Gateway, narrowing: Narrowing) -> QuerySet[Payment]:
    """Return the payments at a gateway, of wallets within reach, that fit; newest first."""
    return payments_of(reach).filter(wallet__gateway=gateway).filter(_fits(narrowing))


def _fits(narrowing: Narrowing) -> Q:
    exact = {
        "state": narrowing.state,
        "wallet_id": narrowing.wallet,
        "project_id": narrowing.project,
        "actor_id": narrowing.member,
        "cost": narrowing.cost,
        "paid_by": narrowing.by,
    }
    fits = Q(**{name: value for name, value in exact.items() if value})
    if narrowing.money in NETWORKS:
        fits &= Q(network__in=networks_of("real" if narrowing.money == "real" else "test"))
    if narrowing.q.strip():
        fits &= _matches(narrowing.q.strip())
    return fits & within(narrowing.since, narrowing.until)


def within(since: date | None, until: date | None) -> Q:
    """Return the condition that a payment was begun on one of these days, in UTC."""
    fits = Q()
    if since:
        fits &= Q(reserved_at__gte=midnight(since))
    if until:
        fits &= Q(reserved_at__lt=midnight(until + timedelta(days=1)))
    return fits


def midnight(day: date) -> datetime:
    """Return when a day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def _matches(text: str) -> Q:
    told = ("purpose", "transaction", "nonce", "payee")
    fits = Q(*[(f"{name}__icontains", text) for name in told], _connector=Q.OR)
    try:
        return fits | Q(pk=UUID(text)) | Q(operation_id=UUID(text))
    except ValueError:
        return fits
