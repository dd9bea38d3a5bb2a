"""Paying for a tier: reserved, checked, asked, signed once, told truly (ARCHITECTURE rule 4; contract: identity 4.4).

reserved ──ask──▶ signed ──answer──▶ settled
    │               └──no answer──▶ unknown ──the same authorization again, later the ledger──▶ settled | released
    └──nothing was signed──▶ released
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing import real_money, services
from billing.handlers import charging, troubles
from billing.handlers.chains import balance_of
from billing.handlers.mirror import read_account, read_tier, wallet_of, write_balance
from billing.handlers.settling import answered, close_open, look_up, look_up_open
from core.ui import ids
from core.ui.money import network_name, usd
from operations import demanding, frozen
from operations.documents import Ask
from operations.reconciling import Outcome, did_not_happen, resumes
from operations.registry import Guard, kind
from operations.work import Later, Work
from run402 import mpp, x402
from run402.errors import PaymentRefused, PaymentUnsettled, Run402Error, TransportError
from run402.resources.tiers import TierChange, TierStatus
from teams.permissions import Action
from wallets import cards, closing, spending
from wallets.freezing import Frozen
from wallets.models import Payment
from wallets.models.gateway import TEMPO_MODERATO
from wallets.spending import Charge

ASK_PAUSES = (1, 3, 10, 30, 60)


def what_became_of_it(work: Work) -> Outcome:
    """Read the payment's row and, while nothing was signed, the lease at Run402: a balance there may have paid."""
    payment = Payment.objects.select_related("wallet").filter(operation_id=work.operation.pk).first()
    if payment is None:
        return did_not_happen(_("Nothing was reserved, so nothing was asked for."))
    if payment.state != Payment.State.RESERVED:
        return resumes(_("The payment's own record shows how far it came; it is never signed twice."))
    with work.client() as client:
        if _bought_by_balance(work, client, payment):
            return resumes(_("Run402 shows the new lease: its balance paid."))
    return did_not_happen(_("Run402 shows the lease as it was, and nothing was signed."))


@kind(
    "tier.set",
    gettext_lazy("Set a tier"),
    action=Action.TIER_SET,
    on_end=close_open,
    reconcile=what_became_of_it,
    on_review=look_up_open,
    guard=Guard.REAL_MONEY,
    pays=True,
    statement=real_money.statement,
    deadline=None,  # the chain answers in the end, and nobody pays twice before it does
)
def set_tier(work: Work) -> dict[str, Any]:
    """Pay for a tier, or go on where an earlier attempt stopped: the payment's row says where."""
    work.phase("check")
    charge = _charge(work)
    wallet = wallet_of(work.operation)
    if not spending.has_left(charge.operation_id):  # afterwards it has to be told truly
        demanding.demand(work, Ask(wallet, charge.amount_micros, charge.network, charge.cost, charge.purpose))
    frozen.demand(wallet)
    payment = demanding.reserve(work, wallet, charge, cost=charge.cost)
    with work.client() as client:
        if payment.state == Payment.State.RESERVED:
            _buy(work, client, payment)
        elif payment.is_open:
            _present_again(work, client, payment)
        if payment.state == Payment.State.RELEASED and "delivered" not in work.checkpoints:
            raise troubles.expired()
        return _finish(work, client, payment)


def _charge(work: Work) -> Charge:
    return Charge(
        operation_id=work.operation.pk,
        kind=work.operation.kind,
        purpose=str(work.args["purpose"]),
        amount_micros=int(work.args["micros"]),
        network=str(work.args["network"]),
        actor=work.actor,
        cost=Payment.Cost.TIER,
    )


def _buy(work: Work, client: run402.Client, payment: Payment) -> None:
    """Ask for the tier; pay when asked to. Every refusal before the signature ends the reservation (`close_open`)."""
    work.stop_if_cancelled()
    _require_funds(client, payment)
    real_money.refuse_filled_balance(payment)
    if _bought_by_balance(work, client, payment):
        return
    work.stop_if_cancelled()
    work.phase("pay")
    work.checkpoint(asks=int(work.checkpoints.get("asks", 0)) + 1)
    try:
        paid = _ask(work, client, payment)
    except PaymentUnsettled as error:
        _unsettled(work, payment, error)
        raise
    except PaymentRefused as error:
        raise troubles.refused(error, payment) from None
    except Run402Error as error:
        if not _may_have_happened(error):
            raise
        raise _asked_in_vain(work, error) from None
    answered(work, payment, paid)


def _require_funds(client: run402.Client, payment: Payment) -> None:
    """Read the balances now: a payment that cannot settle is not worth a signature.

    What Run402 keeps for the wallet is asked for only where the wallet itself holds too little.
    """
    wallet = payment.wallet
    if cards.have_filled(wallet):
        read_account(client, wallet)  # what is there is real money, which test money must not touch
    held = balance_of(client, wallet, payment.network)
    write_balance(wallet, held, payment.network)
    if held >= payment.amount_micros:
        return
    read_account(client, wallet)
    if (wallet.prepaid_micros or 0) < payment.amount_micros:
        raise troubles.insufficient(payment)


def _bought_by_balance(work: Work, client: run402.Client, payment: Payment) -> bool:
    """Say whether an ask whose answer was lost has set the tier, paid from the balance that Run402 keeps.

    Remembers the lease before the first ask, to compare with.
    """
    status = read_tier(client, payment.wallet)
    lease = [status.tier, _iso(status)] if status else []
    if "lease" not in work.checkpoints:
        work.checkpoint(lease=lease)
    bought = status is not None and status.tier == work.args["tier"] and work.checkpoints["lease"] != lease
    if not bought:
        return False
    work.checkpoint(delivered=True)
    closing.settle(payment, paid_by="balance", actor=work.actor)
    return True


def _iso(status: TierStatus) -> str:
    return status.lease_expires_at.isoformat() if status.lease_expires_at else ""


def _ask(work: Work, client: run402.Client, payment: Payment) -> x402.Paid[TierChange]:
    if payment.network == TEMPO_MODERATO:
        return charging.ask(work, payment, lambda signed: _tell(work, signed))
    key = work.operation.idempotency_key
    return client.tiers.set(str(work.args["tier"]), purchase=_purchase(work, payment), idempotency_key=key)


def _purchase(work: Work, payment: Payment) -> x402.Purchase:
    """Return the gate's purchase, whose last step before the payment leaves also tells the page.

    The event is fenced: a worker that lost the operation stops here, before the row of the payment is touched.
    """
    purchase = spending.purchase(payment)

    def before_send(signed: x402.SignedPayment) -> None:
        _tell(work, signed)
        purchase.before_send(signed)

    return dataclasses.replace(purchase, before_send=before_send)


def _tell(work: Work, signed: x402.SignedPayment | mpp.SignedCharge) -> None:
    facts = {
        "sum": usd(signed.amount_micros, exact=True),
        "network": network_name(signed.network),
        "payee": ids.shorten(signed.payee),
    }
    work.event(_("Signing %(sum)s to %(payee)s on %(network)s, once.") % facts, payee=signed.payee)


def _unsettled(work: Work, payment: Payment, error: PaymentUnsettled) -> None:
    """Release what is proven not to have settled; look again at everything else."""
    if error.outcome == "rejected":
        closing.release(payment, actor=work.actor)
        return
    closing.doubt(payment, actor=work.actor)
    work.event(
        _("The answer was lost after the payment left. The same payment is presented again."), "warning"
    )
    raise Later(2.0, "settle") from None


def _may_have_happened(error: Run402Error) -> bool:
    """Say whether the ask may have bought the tier from a balance at Run402, though no answer says so."""
    return isinstance(error, TransportError) or error.mutation_state in ("unknown", "partial", "committed")


def _asked_in_vain(work: Work, error: Run402Error) -> Exception:
    """Return the pause before asking again: nothing is signed yet, and the key of the ask stays the same."""
    asks = int(work.checkpoints["asks"])
    if asks > len(ASK_PAUSES):
        return error
    work.event(_("%(why)s Nothing was signed. Asking again.") % {"why": error.message}, "retry")
    return Later(ASK_PAUSES[asks - 1], "pay")


def _present_again(work: Work, client: run402.Client, payment: Payment) -> None:
    """Present the same authorization while it is valid; afterwards ask the ledger. Never sign another."""
    work.phase("settle")
    closing.doubt(payment, actor=work.actor)
    if not payment.is_open:
        return  # a look-up of its own was first
    if "delivered" in work.checkpoints or not spending.is_held(payment):
        look_up(work, client, payment)
        return
    tries = int(work.checkpoints.get("tries", 0)) + 1
    work.checkpoint(tries=tries)
    try:
        paid = _ask(work, client, payment)
    except PaymentUnsettled:
        raise Later(min(2.0 * tries, 30.0), "settle") from None
    except Frozen:
        # It was signed before the freeze and may have settled: the chain tells, nothing is presented again.
        look_up(work, client, payment)
        return
    answered(work, payment, paid)


def _finish(work: Work, client: run402.Client, payment: Payment) -> dict[str, Any]:
    """Mirror the new lease and balance, and say what was paid."""
    wallet = payment.wallet
    if "delivered" in work.checkpoints:
        services.refresh_wallet(wallet=wallet)
    else:
        status = read_tier(client, wallet)
        if status is None or status.tier != work.args["tier"]:
            raise troubles.paid_for_nothing(payment)
    return {
        "tier": str(work.args["tier"]),
        "paid_by": payment.paid_by,
        "micros": payment.settled_micros,
        "payment": str(payment.pk),
    }
