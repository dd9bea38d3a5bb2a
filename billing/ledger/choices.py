"""What the filters of the ledger offer: only what a payment within reach has."""

from __future__ import annotations

from billing.ledger.naming import names
from billing.selectors import payments_of
from teams.reach import Reach
from wallets.models import Gateway
from wallets.selectors import wallets_of

Choices = list[tuple[str, str]]


def choices(reach: Reach, gateway: Gateway) -> dict[str, Choices]:
    """Return the choices by the name of their field."""
    there = payments_of(reach).filter(wallet__gateway=gateway).order_by()
    rows = list(there.values_list("project_id", "actor_id", "paid_by").distinct())
    projects, members, by = ({str(row[number]) for row in rows if row[number]} for number in range(3))
    named = names(reach, projects=projects, members=members)
    return {
        "wallets": [(str(one.pk), one.label) for one in wallets_of(reach, gateway)],
        "projects": _by_name(named.projects),
        "members": _by_name(named.members),
        "by": sorted((word, word) for word in by),
    }


def _by_name(found: dict[str, str]) -> Choices:
    return sorted(found.items(), key=lambda each: each[1].casefold())
