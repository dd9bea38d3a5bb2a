"""One spend as an operation: the gate, the client and the endings of a tier's payment, without the wallet's lane.

Operations of one wallet would otherwise go one after another, and never meet at the limit.
"""

from __future__ import annotations

from typing import Any

import run402
from billing.handlers import tiers
from billing.handlers.mirror import wallet_of
from billing.handlers.settling import answered, close_open
from operations.registry import kind
from operations.work import Work
from run402.errors import PaymentUnsettled, Run402Error
from teams.permissions import Action
from wallets import spending
from wallets.models import Payment

KIND = "money.spend"


@kind(KIND, "Spend", action=Action.TIER_SET, on_end=close_open)
def spend(work: Work) -> dict[str, Any]:
    """Reserve, ask, sign once, settle; or go on where a killed attempt stopped."""
    payment = spending.reserve(wallet_of(work.operation), tiers._charge(work))
    with work.client() as client:
        if payment.state == Payment.State.RESERVED:
            _pay(work, client, payment)
        elif payment.is_open:
            tiers._present_again(work, client, payment)
    return {"state": payment.state}


def _pay(work: Work, client: run402.Client, payment: Payment) -> None:
    """Ask as the handler of tiers does. Where it looks whether the lease has changed, nothing can be seen here: the
    spends of one wallet change the same lease. These wallets have no balance at Run402 that an ask could take from."""
    work.checkpoint(asks=int(work.checkpoints.get("asks", 0)) + 1)
    try:
        paid = tiers._ask(work, client, payment)
    except PaymentUnsettled as error:
        tiers._unsettled(work, payment, error)
        raise
    except Run402Error as error:
        if not tiers._may_have_happened(error):
            raise
        raise tiers._asked_in_vain(work, error) from None
    answered(work, payment, paid)
