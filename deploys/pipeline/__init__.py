"""A deploy in the worker, from the first plan to the live release.

    review (dry run) ──▶ confirmation ──▶ plan ──▶ upload ──▶ commit ──▶ follow ──▶ finish

Each step first reads the checkpoints of the one before, so an attempt that dies anywhere is continued by the next.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal
from deploys import specs
from deploys.models import Deploy
from deploys.pipeline import committing, doubts, finishing, following, planning, promoting, uploading
from deploys.pipeline.run import Run
from operations.reconciling import Outcome
from operations.work import Work
from run402 import Client

Result = dict[str, Any]


def deploy(work: Work) -> Result:
    """Carry a deploy from a source to its end."""
    run = Run(work, _deploy_of(work))
    with work.client() as client:
        if not committing.was_committed(run, client):
            run.spec = specs.spec_of(run.deploy)
            if noop := _up_to_commit(run, client):
                return noop
        return finishing.release(run, client, following.to_the_end(run, client))


def redeploy(work: Work) -> Result:
    """Bring an older release back: by its archived state, else by promote, else by what its inventory allows."""
    run = Run(work, _deploy_of(work))
    with work.client() as client:
        if not committing.was_committed(run, client):
            if promoted := promoting.restore(run, client):
                return promoted
            if noop := _up_to_commit(run, client):
                return noop
        return finishing.release(run, client, following.to_the_end(run, client))


def what_became_of_it(work: Work) -> Outcome:
    """Read how far a deploy came whose answer was lost."""
    run = Run(work, _deploy_of(work))
    with work.client() as client:
        return doubts.outcome(run, client)


def _up_to_commit(run: Run, client: Client) -> Result | None:
    """Plan, ask, plan for real, upload, commit. Return the result when there is nothing to change."""
    run.work.stop_if_cancelled()
    if planning.review(run, client):
        return finishing.nothing_to_change(run, client)
    plan = planning.for_real(run, client)
    run.work.stop_if_cancelled()
    uploading.missing(run, client, plan)
    run.work.stop_if_cancelled()
    committing.commit(run, client, plan)
    return None


def _deploy_of(work: Work) -> Deploy:
    deploys = Deploy.objects.select_related("project", "source", "restores__project", "created_by")
    found = deploys.filter(pk=work.args["deploy"], team_id=work.operation.team_id).first()
    if found is None:
        raise Refusal("DEPLOY_GONE", _("This deploy is no longer there."))
    return found
