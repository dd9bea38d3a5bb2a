"""The two plans: the one a person reviews, and the one that is committed, which may not go beyond the first."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deploys import plans, store
from deploys.pipeline import uploading
from deploys.pipeline.run import Run
from operations.decisions import RESTORED
from operations.models import Reason
from operations.work import Wait
from run402 import Client
from run402.errors import Run402Error
from run402.resources.content import ContentItem
from run402.resources.plans import Plan
from run402.spec import canonical_json, cloud_spelling, sha256_hex

MANIFEST_TYPE = "application/vnd.run402.deploy-manifest+json"
_TOO_LARGE = ("SPEC_TOO_LARGE", "DRY_RUN_REQUIRES_INLINE_SPEC")
#: What bringing an earlier state back means by itself: files made since then go. The click said it, so it is told in
#: the log and not asked again; otherwise a site whose file names carry hashes could never come back with one click.
IMPLIED_BY_REDEPLOY = frozenset({"DESTRUCTIVE_SITE_BULK_REMOVAL"})


def review(run: Run, client: Client) -> bool:
    """Make the plan that is shown, once, and wait for the person. Return True when nothing would change."""
    if run.recall(RESTORED) and _is_there(run, client):
        return True
    if not run.recall("reviewed"):
        run.enter("plan")
        _show(run, _ask(run, client, key=None), [])
        if run.deploy.reviewed_plan["is_noop"]:
            return True
    confirmed = run.recall("confirmed")
    if confirmed and confirmed["digest"] == run.deploy.reviewed_plan["digest"]:
        return False
    if run.is_redeploy and not _asks_for_something(run.deploy.reviewed_plan):
        return False
    raise Wait(Reason.CONFIRMATION, _("The plan waits for you."))


def _is_there(run: Run, client: Client) -> bool:
    """Say whether nothing would change: the panel came out of a backup, and this may have gone on to its end since."""
    run.enter("plan")
    if _ask(run, client, key=None).is_noop:
        return True
    run.note(**{RESTORED: None})
    return False


def for_real(run: Run, client: Client) -> Plan:
    """Make the plan that is committed. Raises Wait when it goes beyond what was reviewed."""
    run.enter("plan")
    plan = _ask(run, client, key=_key(run))
    real = plans.kept(plan, run.sizes())
    beyond = _beyond(run, real)
    if beyond:
        run.note(round=run.recall("round", 0) + 1)
        _show(run, plan, beyond)
        raise Wait(Reason.CONFIRMATION, _("The plan changed since you saw it and waits for you again."))
    run.deploy.plan = {**real, "spec": sha256_hex(canonical_json(run.spec))}
    run.deploy.save(update_fields=["plan"])
    run.note(plan_id=plan.plan_id, remote_operation=plan.operation_id, price_micros=real["price_micros"])
    return plan


def _beyond(run: Run, real: plans.Kept) -> list[str]:
    """Return in what the real plan goes beyond the reviewed one.

    Nobody reviewed the plan of a redeploy that asked for nothing: then only what blocks, or costs, stops it.
    """
    found = plans.differences(run.deploy.reviewed_plan, real)
    if run.is_redeploy and not run.recall("confirmed"):
        return found if _asks_for_something(real) else []
    return found


def _asks_for_something(plan: plans.Kept) -> bool:
    """Say whether the plan of a redeploy needs a person: a warning blocks that the click did not imply, or it costs."""
    open_ = [warning for warning in plans.blocking(plan) if warning["code"] not in IMPLIED_BY_REDEPLOY]
    return bool(open_ or plan["price_micros"])


def _show(run: Run, plan: Plan, changed: list[str]) -> None:
    """Store the plan as the one to be reviewed, with what is new in it since the last look."""
    run.deploy.reviewed_plan = {**plans.kept(plan, run.sizes()), "beyond": changed}
    run.deploy.save(update_fields=["reviewed_plan"])
    run.note(reviewed=True, confirmed=None)
    run.work.event(plan.summary or _("The plan is made."), "plan", warnings=len(plan.warnings))


def _key(run: Run) -> str:
    """Return the idempotency key of this round: the manifest's own one first, if it has one."""
    round_ = run.recall("round", 0)
    source = run.deploy.source
    given = str(source.manifest.get("idempotency_key") or "") if source else ""
    return f"{given or run.work.operation.idempotency_key}{f'-{round_}' if round_ else ''}"


def _ask(run: Run, client: Client, *, key: str | None) -> Plan:
    """Plan inline; a spec over 5 MiB goes up as content first (contract: apply 2.5). `key` None: a dry run."""
    try:
        return client.apply.plan(run.spec, dry_run=key is None, idempotency_key=key)
    except Run402Error as error:
        if error.code not in _TOO_LARGE or error.status is not None:
            raise
    return _ask_by_reference(run, client, key or f"{run.work.operation.idempotency_key}-review")


def _ask_by_reference(run: Run, client: Client, key: str) -> Plan:
    """A dry run cannot take a reference, so the plan to review is a stored one here; it expires unused."""
    blob = store.put([canonical_json(cloud_spelling(run.spec))])
    uploading.send(run, client, [ContentItem(blob.sha256, blob.size, MANIFEST_TYPE)])
    reference = {"sha256": blob.sha256, "size": blob.size, "content_type": MANIFEST_TYPE}
    stub = {"project_id": run.project.remote_id}
    return client.apply.plan(stub, idempotency_key=key, manifest_ref=reference)
