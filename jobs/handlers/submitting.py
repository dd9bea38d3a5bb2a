"""Submitting a job: its cap reserved first, then asked for once, however often (contract: apply 8).

Run402 lists no jobs, but the same key with the same bytes gives the same job again. So a lost answer is looked up by
asking once more: the key and the bytes come from the operation and its job, never from the attempt.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.record import SYSTEM
from billing import real_money
from core.errors import Refusal
from core.ui.money import usd
from jobs import reading, selectors, services
from jobs.handlers import mirror, troubles
from jobs.models import Job
from operations import demanding, frozen
from operations.documents import Ask
from operations.endings import SENT
from operations.models import Operation, State
from operations.reconciling import Outcome, did_not_happen, happened, resumes
from operations.registry import Guard, kind
from operations.work import Work
from projects.echoes import key_unrepeated
from projects.keys import service_key
from run402.errors import Run402Error
from teams.permissions import Action
from wallets import closing, spending
from wallets.models import Payment
from wallets.spending import Charge

TAMPERED = "JOB_TAMPERED"


def what_became_of_it(work: Work) -> Outcome:
    """Read the rows: the job is known, or its cap was never reserved, or asking under the same key tells."""
    job = mirror.job_of(work)
    if job.remote_id:
        return happened({"job_id": job.remote_id})
    if not spending.is_reserved(work.operation.pk):
        return did_not_happen(_("Nothing was reserved, so nothing was submitted."))
    return resumes(_("It is submitted again under the same key: Run402 makes no second job of that."))


def what_is_approved(operation: Operation) -> dict[str, str]:
    """Return what of a job a second person approves: the whole job, as the digest of its bytes."""
    job = Job.objects.get(operation=operation)
    return {"body": f"{job.job_type} sha256:{reading.digest(services.asked_of(job))}"}


def let_go(operation: Operation) -> None:
    """End the reservation of a job that Run402 never took, and say so in its row."""
    unknown = Job.objects.filter(operation=operation, remote_id="")
    withdrawn = operation.state == State.CANCELLED
    if not unknown.update(status=Job.Before.WITHDRAWN if withdrawn else Job.Before.REFUSED):
        return
    reserved = Payment.objects.select_related("wallet").filter(
        operation_id=operation.pk, state=Payment.State.RESERVED
    )
    # Something may have left before another job was put in its place: what that costs is counted, not freed.
    may_run = operation.error.get("code") == TAMPERED and bool(operation.checkpoints.get(SENT))
    actor = operation.actor.actor if operation.actor else SYSTEM
    for payment in reserved:
        if may_run:
            closing.settle(payment, paid_by="balance", actor=actor, receipt={"cost_told": False})
        else:
            closing.release(payment, actor=actor)


@kind(
    selectors.SUBMIT,
    gettext_lazy("Submit a job"),
    action=Action.JOB_SUBMIT,
    on_end=let_go,
    reconcile=what_became_of_it,
    guard=Guard.REAL_MONEY,
    statement=real_money.statement,
    pays=True,
    approves=what_is_approved,
)
def submit(work: Work) -> dict[str, Any]:
    """Reserve, submit, and hand the run to what follows it to its end."""
    job = mirror.job_of(work)
    if not job.remote_id:
        _require_untouched(work, job)
    payment = _reserved(work, job)
    if not job.remote_id:
        _submit(work, job)
    services.follow(job)
    return {"job_id": job.remote_id, "payment": str(payment.pk)}


def _require_untouched(work: Work, job: Job) -> None:
    """Hold the job against the operation that asks for it: nobody may put another one in its place."""
    operation, project, args = work.operation, job.project, work.args
    found = (
        (job.operation_id, operation.pk),
        (job.project_id, operation.project_id),
        (job.wallet_id, operation.wallet_id),
        (project.team_id, operation.team_id),
        (project.wallet_id, operation.wallet_id),
        (project.gateway_id, operation.gateway_id),
        (job.cap_micros, args["micros"]),
        (job.network, args["network"]),
        (reading.digest(services.asked_of(job)), args.get("digest")),
    )
    if any(is_now != was_asked for is_now, was_asked in found):
        said = _("This job is not what was asked for any more. Nothing was submitted.")
        if work.sent:
            said = _(
                "This job is not what was asked for any more. Run402 may have it as it was, so its cap counts."
            )
        raise Refusal(TAMPERED, said)


def _reserved(work: Work, job: Job) -> Payment:
    work.phase("check")
    charge = Charge(
        operation_id=work.operation.pk,
        kind=work.operation.kind,
        purpose=str(work.args["purpose"]),
        amount_micros=job.cap_micros,
        network=job.network,
        actor=work.actor,
        cost=Payment.Cost.JOB,
        project_id=job.project_id,
    )
    if not spending.is_reserved(charge.operation_id):
        ask = Ask(job.wallet, charge.amount_micros, charge.network, charge.cost, charge.purpose)
        demanding.demand(work, ask)
    frozen.demand(job.wallet)
    return demanding.reserve(work, job.wallet, charge, cost=charge.cost)


def _submit(work: Work, job: Job) -> None:
    """Once something may have left, a cancellation comes too late here: the job's page cancels the run itself."""
    if not work.sent:
        work.stop_if_cancelled()
    asked = services.asked_of(job)
    key = service_key(job.project)
    with work.client(sign=False) as client:
        work.phase("submit")
        try:
            with key_unrepeated(key):
                told = client.jobs.submit(
                    asked.job_type,
                    asked.input_json,
                    max_cost_micros=asked.cap_micros,
                    idempotency_key=work.operation.idempotency_key,
                    service_key=key,
                    callback_url=asked.callback_url or None,
                )
        except Run402Error as error:
            raise troubles.in_words(error, job) from None
    mirror.write(job, told)
    words = {"id": job.remote_id, "cap": usd(job.cap_micros, exact=True)}
    work.event(_("Run402 has it as %(id)s. It may cost %(cap)s at most.") % words)
