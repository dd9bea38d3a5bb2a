"""Writes down what a deploy led to: the release with its archive, and the mirror of what is live."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import Subject, record
from deploys import mirror, states
from deploys.models import Release
from deploys.pipeline.run import Run
from run402 import Client
from run402.errors import Run402Error
from run402.resources.plans import ApplyOperation
from run402.resources.releases import Inventory

Result = dict[str, Any]


def release(run: Run, client: Client, operation: ApplyOperation) -> Result:
    """Record the release that is live now, and return the operation's result."""
    release_id = operation.release_id or operation.target_release_id or ""
    inventory = _inventory(run, client, release_id)
    release_id = release_id or (inventory.release_id if inventory else "")
    with transaction.atomic():
        row = _write(run, operation, release_id, inventory)
        mirror.live(run.project, row)
        _record_once(run, row)
    return _result(row)


def _record_once(run: Run, row: Release) -> None:
    """Record that the release went live, once, however often a worker begins anew."""
    if run.recall("recorded"):
        return
    record(
        "release.live",
        team_id=run.deploy.team_id,
        actor=run.work.actor,
        subject=Subject("release", str(row.pk), str(row)),
        details={
            "project": str(run.project.pk),
            "deploy": str(run.deploy.pk),
            "release_id": row.remote_id,
            "restores": str(run.deploy.restores_id or ""),
        },
    )
    run.note(recorded=True)


def _inventory(run: Run, client: Client, release_id: str) -> Inventory | None:
    """Read what serves now. The release is live whether we can read it or not, so a failure here fails nothing."""
    try:
        return mirror.read(client, run.project, release_id)
    except Run402Error as error:
        text = _("The release is live; its inventory could not be read yet: %(why)s") % {"why": error.message}
        run.work.event(text, "warning")
        return None


def _write(run: Run, operation: ApplyOperation, release_id: str, inventory: Inventory | None) -> Release:
    state = states.materialise(_base_state(run), run.spec or _spec_again(run), inventory)
    row = mirror.upsert(run.project, release_id, inventory)
    if not row.made_here:
        row.made_here, row.made_by = True, run.work.operation.actor_label
        row.restores = run.deploy.restores if run.is_redeploy else None
    row.archive = state or row.archive
    row.urls = operation.urls or row.urls
    mirror.count_files(row)
    row.save()
    if not Release.objects.filter(pk=row.pk, deploy__isnull=False).exclude(deploy=run.deploy).exists():
        run.deploy.release = row
        run.deploy.save(update_fields=["release"])
    return row


def _spec_again(run: Run) -> dict[str, Any]:
    """Return the spec in an attempt that began after the commit."""
    from deploys import specs

    if run.is_redeploy and not run.deploy.spec and run.deploy.restores:
        return specs.restoring_spec(run.deploy.restores, {})
    return specs.spec_of(run.deploy)


def _base_state(run: Run) -> dict[str, Any] | None:
    """Return the archived state that the plan started from; None when it was made elsewhere."""
    base_id = run.deploy.plan.get("base_release_id")
    if not base_id:
        return dict(states.NOTHING)
    base = Release.objects.filter(project=run.project, remote_id=base_id).first()
    return dict(base.archive) if base and base.archive else None


def nothing_to_change(run: Run, client: Client) -> Result:
    """The plan found the live release to be just this: nothing is committed, and the mirror is brought up to date."""
    run.work.event(_("This is what is live already. Nothing was changed."), "noop")
    inventory = mirror.read(client, run.project, "")
    if inventory is None:
        return {"noop": True}
    with transaction.atomic():
        row = mirror.upsert(run.project, inventory.release_id, inventory)
        row.save()
        mirror.live(run.project, row)
    return {**_result(row), "noop": True}


def _result(row: Release) -> Result:
    return {"release": str(row.pk), "release_id": row.remote_id, "url": mirror.address_of(row.urls)}
