"""Sealing a wallet's key to the browser tab that asked. The passkey that confirmed it was checked before this runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from billing import custody
from billing.handlers.mirror import wallet_of
from operations.handing import SEALED
from operations.registry import Guard, kind
from operations.work import Work
from teams.permissions import Action
from wallets import exports, policies, reveal
from wallets.models import Wallet


@kind(
    custody.EXPORT,
    gettext_lazy("Export a wallet's key"),
    action=Action.WALLET_EXPORT,
    guard=Guard.PASSKEY,
    statement=custody.statement,
    result_for=custody.KEPT,
)
def export(work: Work) -> dict[str, Any]:
    """Mark and record first, seal then: no key leaves without its trace.

    The limits tell whose wallet it is: their MAC covers the team, which a row alone does not prove.
    """
    operation, wallet = work.operation, wallet_of(work.operation)
    policies.verified(wallet)
    reader = str(work.args["reader"])
    reveal.public_key(reader)
    key = exports.open_key(wallet)
    _mark(wallet, work)
    info = reveal.info(operation.pk, operation.team_id, custody.EXPORT)
    return {SEALED: reveal.seal_to(reader, f"0x{key.hex()}".encode(), info)}


def _mark(wallet: Wallet, work: Work) -> None:
    """Write for good that the key left, once however often a worker begins anew."""
    if "marked" in work.checkpoints:
        return
    with transaction.atomic():
        work.checkpoint(marked=True)
        details = {"operation": str(work.operation.pk)}
        exports.mark(wallet, actor=work.actor, by=work.actor.label, details=details)
