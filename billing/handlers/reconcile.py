"""Looking up a payment whose operation ended before its outcome was known."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from billing import services
from billing.handlers.settling import look_up
from operations.registry import kind
from operations.work import Work
from teams.permissions import Action
from wallets import closing
from wallets.models import Payment


# Runs on while stopped: it reads the chain, signs nothing, and what was signed before is just what people ask then.
@kind(
    "payment.reconcile",
    gettext_lazy("Look up a payment"),
    action=Action.TIER_SET,
    mutates=False,
    runs_halted=True,
    deadline=None,  # the wallet pays nothing until the chain has answered, however long that takes
)
def reconcile(work: Work) -> dict[str, Any]:
    """Ask the ledger until it answers; then the wallet may pay again."""
    payments = Payment.objects.filter(team=work.operation.team_id).select_related("wallet__gateway")
    payment = payments.get(pk=work.args["payment"])
    if payment.state == Payment.State.SIGNED:  # its operation has ended, so nobody else tells any more
        closing.doubt(payment, actor=work.actor)
    if payment.state == Payment.State.UNKNOWN:
        work.stop_if_cancelled()  # looking changes nothing; the payment's page can ask again
        with work.client(sign=False) as client:
            look_up(work, client, payment)
        services.refresh_wallet(wallet=payment.wallet)
    return {"state": payment.state}
