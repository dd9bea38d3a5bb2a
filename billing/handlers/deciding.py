"""Closing a payment by an owner's word. The passkey that confirmed it was checked before this runs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from billing import deciding
from operations.registry import Guard, kind
from operations.work import Work
from teams.permissions import Action
from wallets import closing, windows
from wallets.models import Payment


@kind(
    deciding.DECIDE,
    gettext_lazy("Decide about a payment"),
    action=Action.WALLET_RAISE,
    guard=Guard.PASSKEY,
    statement=deciding.statement,
)
def decide(work: Work) -> dict[str, Any]:
    """Close it as the owner says, unless the chain has told meanwhile."""
    payments = Payment.objects.filter(team=work.operation.team_id).select_related("wallet")
    payment = payments.get(pk=work.args["payment"])
    if "decided" not in work.checkpoints:
        deciding.require_undecided(payment, windows.database_time(payment.wallet))
        work.checkpoint(decided=True)
    if payment.is_open:
        paid, note = bool(work.args["paid"]), str(work.args["note"])[:300]
        closing.decide(payment, paid=paid, note=note, actor=work.actor)
    return {"state": payment.state}
