"""Payments that were made elsewhere with a key that is kept here: found on the chain and in Run402's own ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

import run402
from billing.handlers.mirror import networks_seen, wallet_of
from billing.services import OUTSIDE
from operations.registry import SYNC, kind
from operations.work import Work
from run402.errors import NotFound
from run402.resources.billing import Entry, LedgerIncomplete
from teams.permissions import Action
from wallets import outside
from wallets.models import Payment, Wallet
from wallets.outside import Debit, Unfinished

#: A provider's latest block is some seconds old.
CHAIN_LAGS = timedelta(seconds=90)
#: A purchase from the prepaid balance may stand in Run402's ledger before the panel has its answer.
LEDGER_LAGS = timedelta(minutes=15)
#: Clocks differ. What is read twice is entered once.
OVERLAP = timedelta(minutes=10)
#: Providers show the events of some thousand blocks at a time: a week is a hundred and fifty questions to each.
FURTHEST = timedelta(days=7)


@kind(
    OUTSIDE,
    gettext_lazy("Look for payments made elsewhere"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    audited=False,
)
def look(work: Work) -> dict[str, Any]:
    """Enter what somebody else paid with this key since the last look; `billing.elsewhere` tells of it."""
    wallet = wallet_of(work.operation)
    if wallet.is_frozen:  # it catches up, which reads the same and more
        return {}
    until = timezone.now() - LEDGER_LAGS
    since = max((wallet.outside_read_at or wallet.created_at) - OVERLAP, wallet.created_at, until - FURTHEST)
    settled = not outside.awaits_end(wallet, until)
    with work.client(sign=not wallet.is_retired, admit=False) as client:
        found = _on_chain(client, wallet, since)
        if settled and not wallet.is_retired:
            work.admit()
            found += _in_ledger(work, client, wallet, since, until)
    # Else a debit may be of what has no end yet: the next look begins where this one did.
    if settled and not outside.has_open_job(wallet):
        Wallet.objects.filter(pk=wallet.pk, frozen_at=None).update(outside_read_at=until)
    return {"found": len(found)}


def _on_chain(client: run402.Client, wallet: Wallet, since: datetime) -> list[Payment]:
    """Enter the transfers that the chain shows by now."""
    if not wallet.gateway.rpc_urls or wallet.pays_by_mpp:  # transfers on Tempo cannot be listed here
        return []
    start, end = int(since.timestamp()), int((timezone.now() - CHAIN_LAGS).timestamp())
    found = [
        outside.find(wallet, network, sent)
        for network in networks_seen(wallet)
        for sent in client.transfers.sent(network, wallet.address, since=start, until=end)
    ]
    return [payment for payment in found if payment]


def _in_ledger(
    work: Work, client: run402.Client, wallet: Wallet, since: datetime, until: datetime
) -> list[Payment]:
    """Enter the debits; where the gateway does not show its ledger so far back, say so and go on from here."""
    try:
        return enter_debits(client, wallet, since, until)
    except LedgerIncomplete as error:
        work.event(str(error), "warning")
        return []


def enter_debits(
    client: run402.Client,
    wallet: Wallet,
    since: datetime,
    until: datetime,
    unfinished: Sequence[Unfinished] = (),
) -> list[Payment]:
    """Enter by how much the prepaid balance became less without the panel, or for what is `unfinished` after a restore.

    Raises LedgerIncomplete.
    """
    try:
        entries = client.billing.history_since(since)
    except NotFound:
        return []  # Core keeps no accounts, nor does a gateway where the wallet never had one
    unexplained = outside.debits_elsewhere(wallet, _debits(entries, until))
    network = wallet.network  # the panel enters what the balance pays under test money, too
    found = [outside.find_debit(wallet, network, debit, unfinished) for debit in unexplained]
    return [payment for payment in found if payment]


def _debits(entries: Iterable[Entry], until: datetime) -> list[Debit]:
    return [
        Debit(entry.id, entry.micros, entry.created_at.astimezone(UTC))
        for entry in entries
        if entry.is_debit and entry.micros > 0 and entry.created_at and entry.created_at <= until
    ]
