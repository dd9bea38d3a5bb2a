"""Who pays: what projects, members and kinds of payment cost in a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.ledger import naming, narrowing, sums
from billing.ledger.narrowing import Narrowing
from billing.ledger.sums import About, Share, Totals
from billing.ledger_forms import LedgerForm, days_of
from teams.models import Membership
from wallets.limits import NETWORKS
from wallets.models import Gateway

#: What can be asked for, in the words of the address: its label, the field of a payment, the filter of the ledger.
SPLITS: dict[str, tuple[object, About, str]] = {
    "project": (_("Project"), "project_id", "project"),
    "member": (_("Member"), "actor_id", "member"),
    "kind": (_("Kind"), "cost", "cost"),
    "wallet": (_("Wallet"), "wallet_id", "wallet"),
}


@dataclass(frozen=True)
class Cost:
    """What one of them cost, the most that any did of that money, and where its payments are."""

    name: str
    share: Share
    most: int
    url: str

    @property
    def network(self) -> str:
        """The network whose look this money has."""
        return NETWORKS[self.share.money][0]


@dataclass(frozen=True)
class Tab:
    """One way to split."""

    word: str
    label: str
    url: str
    here: bool


@dataclass(frozen=True)
class CostsPage:
    """Who pays, between two days in UTC, both included."""

    totals: tuple[Totals, ...]
    tabs: tuple[Tab, ...]
    costs: tuple[Cost, ...]
    since: date
    until: date


def costs_page(membership: Membership, gateway: Gateway, form: LedgerForm, by: str) -> CostsPage:
    """Return what was paid, split by one of `SPLITS`; the last thirty days unless the form says otherwise."""
    chosen = form.narrowing()
    days = days_of(chosen)
    since, until = chosen.since or days[0], days[-1]
    found = narrowing.found(membership.reach, gateway, chosen).filter(narrowing.within(since, until))
    return CostsPage(
        totals=sums.totals(found),
        tabs=tuple(_tabs(chosen, by)),
        costs=tuple(_costs(membership, sums.shares(found, SPLITS[by][1]), by, since, until)),
        since=since,
        until=until,
    )


def _tabs(chosen: Narrowing, by: str) -> Iterator[Tab]:
    for word, (label, *_rest) in SPLITS.items():
        query = urlencode({**chosen.chosen(), "split": word})
        yield Tab(word, str(label), f"{reverse('billing:costs')}?{query}", word == by)


def _costs(
    membership: Membership, shares: tuple[Share, ...], by: str, since: date, until: date
) -> Iterator[Cost]:
    _label, about, filter_ = SPLITS[by]
    keys = [share.key for share in shares]
    named = naming.names(
        membership.reach,
        projects=keys if by == "project" else (),
        members=keys if by == "member" else (),
        wallets=keys if by == "wallet" else (),
    )
    for share, most in sums.dearest(shares):
        query = {"money": share.money, "since": since.isoformat(), "until": until.isoformat()}
        url = f"{reverse('billing:payments')}?{urlencode({**query, filter_: share.key})}" if share.key else ""
        yield Cost(named.of(about, share.key), share, most, url)
