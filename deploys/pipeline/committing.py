"""The step that counts: commit, at most once, and with money only when the plan named a price."""

from __future__ import annotations

from typing import Any, NoReturn

from django.utils.translation import gettext as _

from audit.record import SYSTEM
from core.errors import Refusal
from deploys import specs
from deploys.models import Deploy
from deploys.pipeline.run import Failed, Run
from operations import demanding, frozen
from operations.documents import Ask
from operations.models import Operation
from operations.work import Held, Later
from run402 import Client, x402
from run402.errors import Conflict, PaymentUnsettled, TransportError
from run402.resources.plans import Commit, Plan
from wallets import closing, spending
from wallets.freezing import Frozen
from wallets.limits import DEPLOY
from wallets.models import Payment, Wallet
from wallets.models.gateway import BASE_SEPOLIA

#: The states in which a gateway has a plan but no commit yet (contract: apply 2.9).
NOT_YET = ("planning", "uploading")
MOST_CONFLICTS = 2
MOST_LOST_ANSWERS = 4
CONFLICT = "BASE_RELEASE_CONFLICT"


def was_committed(run: Run, client: Client) -> bool:
    """Say whether an earlier attempt, or the one this resumes, committed; the gateway knows when we do not.

    A worker that died between the commit and its checkpoint left `committing` only: then the operation is asked.
    """
    if run.recall("committed"):
        return True
    if follows := run.work.args.get("follow"):
        _resume(run, client, str(follows))
        return True
    if not run.recall("committing"):
        return False
    operation = client.apply.operation(run.recall("remote_operation"), anon_key=run.anon_key)
    if operation.status in NOT_YET:
        return False
    _settle_from_state(run)
    run.note(committed=True)
    return True


def _resume(run: Run, client: Client, operation_id: str) -> None:
    """Push on an operation that stopped half-way; one that is on its way by itself is only followed."""
    operation = client.apply.operation(operation_id, anon_key=run.anon_key)
    if operation.resumable:
        client.apply.resume(operation_id)
        run.work.event(_("Resumed at Run402"), "resume")
    run.note(remote_operation=operation_id, committed=True)


def commit(run: Run, client: Client, plan: Plan) -> None:
    """Commit the plan. From here on nothing can be cancelled, only followed."""
    if plan.plan_id is None or plan.operation_id is None:
        raise Refusal("PLAN_NOT_COMMITTABLE", _("The gateway made a plan that cannot be committed."))
    run.work.phase("commit")
    _demand_second_person(run)
    run.note(committing=True)
    try:
        answer = _send(run, client, plan.plan_id)
    except Conflict as conflict:
        raise_or_replan(run, conflict.code, safe=conflict.safe_to_retry, error=conflict)
    except TransportError as error:
        _ask_again(run, error)
    run.note(committed=True, remote_operation=answer.operation_id or plan.operation_id)


def _ask_again(run: Run, error: TransportError) -> NoReturn:
    """The answer was lost, so the next attempt asks the gateway what became of the commit; always raises."""
    lost = run.recall("lost_answers", 0)
    if lost >= MOST_LOST_ANSWERS:
        raise error
    run.note(lost_answers=lost + 1)
    run.work.event(_("The answer to the commit was lost; asking Run402 what became of it."), "retry")
    raise Later(float(lost + 1)) from error


def raise_or_replan(run: Run, code: str, *, safe: bool, error: Exception) -> NoReturn:
    """Plan anew when another release became live and that is safe; always raises, Later or the error itself."""
    conflicts = run.recall("conflicts", 0)
    may = code == CONFLICT and safe and specs.may_follow_the_live_release(run.spec)
    if not may:
        raise error
    if conflicts >= MOST_CONFLICTS:
        raise _overtaken() from error
    begun: dict[str, Any] = dict.fromkeys(
        ("committing", "committed", "plan_id", "remote_operation", "followed_from")
    )
    run.note(conflicts=conflicts + 1, round=run.recall("round", 0) + 1, **begun)
    run.work.event(_("Another release became live meanwhile; planning again."), "replan")
    raise Later(0.25 * 2**conflicts, "plan") from error


def _overtaken() -> Failed:
    return Failed(
        CONFLICT,
        _("Other releases keep becoming live between plan and commit. Plan again when they have settled."),
        source="run402",
        retryable=True,
        mutation_state="none",
    )


def _send(run: Run, client: Client, plan_id: str) -> Commit:
    """Commit without a purchase, so that nothing can be signed; with one only for the price that was shown."""
    key = run.work.operation.idempotency_key
    price = int(run.recall("price_micros") or 0)
    if not price:
        return client.apply.commit(plan_id, idempotency_key=key).value
    payment = _reserve(run, price)
    actor = run.work.actor
    try:
        paid = client.apply.commit(plan_id, idempotency_key=key, purchase=spending.purchase(payment))
    except Frozen as error:
        if payment.state == Payment.State.RESERVED:
            raise
        # It was signed before the freeze and may have settled: this is not over, and says so.
        raise Held(frozen.PAUSE_SECONDS, error.fault.message) from None
    except PaymentUnsettled as error:
        if error.outcome == "rejected":
            closing.release(payment, actor=actor)
        else:
            closing.doubt(payment, actor=actor)
        raise
    _settle(payment, paid, run)
    return paid.value


def _demand_second_person(run: Run) -> None:
    """Wait for an approval before anything is committed; `_reserve` asks again."""
    price = int(run.recall("price_micros") or 0)
    if price and not spending.has_left(run.work.operation.pk):
        demanding.demand(run.work, Ask(_wallet(run), price, BASE_SEPOLIA, DEPLOY, _purpose(run)))


def _wallet(run: Run) -> Wallet:
    wallet = run.work.operation.wallet
    if wallet is None:
        raise Refusal("WALLET_MISSING", _("This deploy costs money, and its project has no wallet here."))
    return wallet


def _purpose(run: Run) -> str:
    return _("Deploy of %(project)s") % {"project": run.project.name}


def what_is_approved(operation: Operation) -> dict[str, str]:
    """Return what of a deploy a second person approves: its spec, the base release and what changes, as planned."""
    deploy = Deploy.objects.get(operation=operation)
    return {
        "spec": str(deploy.plan.get("spec", "")),
        "base_release": str(deploy.plan.get("base_release_id", "")),
        "diff": str(deploy.plan.get("digest", "")),
    }


def _reserve(run: Run, price: int) -> Payment:
    wallet = _wallet(run)
    frozen.demand(wallet)
    charge = spending.Charge(
        run.work.operation.pk,
        "deploy",
        _purpose(run),
        price,
        BASE_SEPOLIA,
        run.work.actor,
        project_id=run.project.pk,
    )
    return demanding.reserve(run.work, wallet, charge, cost=DEPLOY)


def _settle(payment: Payment, paid: x402.Paid[Commit], run: Run) -> None:
    """A priced commit that was accepted unpaid was taken from the balance that Run402 keeps."""
    paid_by = "x402" if paid.outcome == "settled" else "balance"
    closing.settle(payment, paid_by=paid_by, actor=run.work.actor, receipt=paid.receipt)


def _settle_from_state(run: Run) -> None:
    """The commit counts, so whatever was reserved or signed for it is spent."""
    payment = Payment.objects.filter(operation_id=run.work.operation.pk).first()
    if payment and payment.is_open:
        paid_by = "x402" if payment.nonce else "balance"
        closing.settle(payment, paid_by=paid_by, actor=run.work.actor)


def let_go(operation: Operation) -> None:
    """Give back what an ended deploy had reserved and never signed."""
    payment = Payment.objects.filter(operation_id=operation.pk, state=Payment.State.RESERVED).first()
    if payment:
        closing.release(payment, actor=operation.actor.actor if operation.actor else SYSTEM)
