"""What became of a deploy whose answer was lost, read at Run402 without changing anything."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deploys.pipeline import committing
from deploys.pipeline.run import Run
from operations.reconciling import Outcome, did_not_happen, resumes, still_unknown
from run402 import Client
from wallets.models import Payment


def outcome(run: Run, client: Client) -> Outcome:
    """Say whether the commit, or the promote, counts. Plans and uploads change nothing that serves."""
    if run.recall("committed") or run.work.args.get("follow"):
        return resumes()
    if run.recall("committing"):
        return _of_commit(run, client)
    if run.recall("promoting"):
        return _of_promote(run, client)
    return did_not_happen(_("Nothing was committed."))


def _of_commit(run: Run, client: Client) -> Outcome:
    operation = client.apply.operation(run.recall("remote_operation"), anon_key=run.anon_key)
    if operation.status not in committing.NOT_YET:
        return resumes(_("Run402 shows the commit; it is followed to its end."))
    signed = Payment.objects.filter(operation_id=run.work.operation.pk).exclude(nonce="")
    if any(payment.is_open for payment in signed):
        return still_unknown(_("Run402 shows no commit, but the payment for it may still settle."))
    return did_not_happen(_("Run402 has the plan, and no commit."))


def _of_promote(run: Run, client: Client) -> Outcome:
    target, active = run.deploy.restores, client.releases.active(anon_key=run.anon_key, site_limit=1)
    if target is not None and active is not None and active.release_id == target.remote_id:
        return resumes(_("Run402 shows the live pointer at this release."))
    return did_not_happen(_("Run402 shows the live pointer where it was."))
