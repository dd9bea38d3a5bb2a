"""Sealing a wallet's key to the browser tab that asked. The passkey that confirmed it was checked before this runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import Event
from billing import custody
from billing.handlers.mirror import wallet_of
from operations import demanding
from operations.documents import Ask
from operations.handing import SEALED
from operations.registry import Guard, kind
from operations.work import Work
from teams.permissions import Action
from wallets import exports, policies, reveal, thresholds
from wallets.models import Wallet


@kind(
    custody.EXPORT,
    gettext_lazy("Export a wallet's key"),
    action=Action.WALLET_EXPORT,
    guard=Guard.PASSKEY,
    statement=custody.statement,
    result_for=custody.KEPT,
    approver=Action.WALLET_EXPORT,
)
def export(work: Work) -> dict[str, Any]:
    """Mark and record first, seal then: no key leaves without its trace, nor, where the team wants two, on one word.

    The limits tell whose wallet it is: their MAC covers the team, which a row alone does not prove.
    """
    operation, wallet = work.operation, wallet_of(work.operation)
    policies.verified(wallet)
    if thresholds.of_team(operation.team_id).exports_need_two:
        ask = Ask(wallet, 0, "", "", operation.title)
        demanding.demand_word(work, ask, _("This team wants two people's word before a key leaves."))
    reader = str(work.args["reader"])
    reveal.public_key(reader)
    key = exports.open_key(wallet)
    _mark(wallet, work)
    info = reveal.info(operation.pk, operation.team_id, custody.EXPORT)
    return {SEALED: reveal.seal_to(reader, f"0x{key.hex()}".encode(), info)}


def _mark(wallet: Wallet, work: Work) -> None:
    """Write for good that the key left, once however often a worker begins anew: the record itself says whether."""
    with transaction.atomic():
        left = Event.objects.filter(
            chain_id=str(wallet.team_id),
            object_type="wallet",
            object_id=str(wallet.pk),
            action="wallet.exported",
            details__operation=str(work.operation.pk),
        )
        if left.exists():
            return
        details = {"operation": str(work.operation.pk)}
        exports.mark(wallet, actor=work.actor, by=work.actor.label, details=details)
