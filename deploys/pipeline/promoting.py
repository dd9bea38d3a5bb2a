"""Bringing back a release whose state is not archived here (contract: apply 3.4; decision 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.record import Subject, record
from core.errors import Refusal
from deploys import mirror, specs, states
from deploys.models import Release, Source
from deploys.pipeline.run import Run
from operations.models import Reason
from operations.work import Wait
from run402 import Client
from run402.errors import Conflict, NotFound, ServerError
from run402.reading import documents, mapping, number, text
from run402.resources.plans import read_warnings
from run402.spec import canonical_json, sha256_hex

MOST_PATHS = 25_000
_TARGET_GONE = ("PROMOTE_TARGET_NOT_FOUND",)


def restore(run: Run, client: Client) -> dict[str, Any] | None:
    """Set the spec that restores the release, or promote it and return the result."""
    target = run.deploy.restores
    if target is None:
        raise Refusal("RELEASE_GONE", _("The release to bring back is no longer there."))
    if run.deploy.spec:
        run.spec = specs.spec_of(run.deploy)
        return None
    if target.archive:
        active = client.releases.active(anon_key=run.anon_key, site_limit=1)
        run.spec = specs.restoring_spec(target, active.raw if active else {})
        return None
    if _promote(run, client, target):
        return _promoted(run, client, target)
    _rebuild(run, client, target)
    return None


def _promote(run: Run, client: Client, target: Release) -> bool:
    """Move the live pointer; False when the gateway has no such call. Raises Wait for warnings to acknowledge."""
    run.work.stop_if_cancelled()
    run.enter("activate")
    codes = (run.recall("confirmed") or {}).get("codes", [])
    run.note(promoting=True)
    try:
        client.releases.promote(target.remote_id, project_id=run.project.remote_id, allow_warning_codes=codes)
    except NotFound as error:
        if error.code in _TARGET_GONE:
            raise
        return False
    except ServerError as error:
        if error.status != 501:
            raise
        return False
    except Conflict as error:
        if error.code == "PROMOTE_NO_OP":
            return True
        if error.code != "PROMOTE_WARNING_REQUIRES_ACK":
            raise
        _ask(run, error)
    return True


def _ask(run: Run, error: Conflict) -> None:
    """Show the warnings of a promote as a plan without a diff, and wait for their acknowledgement."""
    body = error.envelope()
    warnings = read_warnings({"warnings": body.get("warnings") or error.details.get("warnings") or []})
    shown = [
        {
            "code": warning.code,
            "severity": warning.severity,
            "blocking": True,
            "message": warning.message,
            "affected": list(warning.affected),
            "details": warning.details,
        }
        for warning in warnings
    ] or [_bare(code) for code in error.details.get("codes") or [error.code]]
    run.deploy.reviewed_plan = {
        "promote": True,
        "warnings": shown,
        "digest": sha256_hex(canonical_json(shown)),
        "price_micros": 0,
        "is_noop": False,
        "beyond": [],
    }
    run.deploy.save(update_fields=["reviewed_plan"])
    run.note(reviewed=True, confirmed=None)
    raise Wait(Reason.CONFIRMATION, _("Bringing this release back needs your word on what it does not undo."))


def _bare(code: object) -> dict[str, Any]:
    text = _("The gateway asks for an acknowledgement.")
    return {
        "code": str(code),
        "severity": "warn",
        "blocking": True,
        "message": text,
        "affected": [],
        "details": {},
    }


def _promoted(run: Run, client: Client, target: Release) -> dict[str, Any]:
    inventory = client.releases.active(anon_key=run.anon_key, site_limit=mirror.SHOWN_PATHS)
    with transaction.atomic():
        row = mirror.upsert(run.project, target.remote_id, inventory)
        row.status = mirror.ACTIVE
        if run.project.live_url:
            # The pointer moved, the project's address did not: what this release was once seen at is no longer it.
            row.urls = {**row.urls, mirror.URL_KEYS[0]: run.project.live_url}
        row.save()
        mirror.live(run.project, row)
        _record_once(run, row)
    run.work.event(_("Run402 moved the live pointer; nothing was uploaded."), "promote")
    return {
        "release": str(row.pk),
        "release_id": row.remote_id,
        "url": mirror.address_of(row.urls),
        "promoted": True,
    }


def _record_once(run: Run, row: Release) -> None:
    """Record the promote, once, however often a worker begins anew."""
    if run.recall("recorded"):
        return
    record(
        "release.promoted",
        team_id=run.deploy.team_id,
        actor=run.work.actor,
        subject=Subject("release", str(row.pk), str(row)),
        details={
            "project": str(run.project.pk),
            "deploy": str(run.deploy.pk),
            "release_id": row.remote_id,
        },
    )
    run.note(recorded=True)


def _rebuild(run: Run, client: Client, target: Release) -> None:
    """Write a spec from the inventory, if it tells enough, and say what it leaves as it is."""
    inventory = client.releases.get(target.remote_id, anon_key=run.anon_key, site_limit=MOST_PATHS)
    rows = [row for row in documents(inventory.site, "paths") if text(row, "path")]
    total = number(mapping(inventory.site, "totals"), "paths")
    told = inventory.site.get("paths")
    if len(rows) < max(total or 0, len(told) if isinstance(told, list) else 0):
        raise Refusal(
            "REBUILD_IMPOSSIBLE",
            _("This release has more files than its inventory lists, so it cannot be rebuilt."),
        )
    sizes = _known_sizes(run)
    unknown = [row for row in rows if str(row.get("content_sha256")) not in sizes]
    if unknown:
        raise Refusal("REBUILD_IMPOSSIBLE", _unknown_sizes(len(unknown)), hint=_("Deploy its files again."))
    site = {str(row["path"]): _reference(row, sizes) for row in rows}
    public_paths = states.public_paths_of(inventory) or {"mode": "implicit"}
    run.deploy.spec = {
        "site": {"replace": site, "public_paths": public_paths},
        "routes": {"replace": states.routes_of(inventory.routes)},
    }
    run.deploy.save(update_fields=["spec"])
    run.spec = specs.spec_of(run.deploy)
    run.work.event(
        _("Rebuilt from the inventory: files, public paths and routes. Functions stay as they are now."),
        "rebuild",
    )


def _unknown_sizes(count: int) -> str:
    return ngettext(
        "The inventory does not tell the size of %(count)s file that the panel has never seen.",
        "The inventory does not tell the sizes of %(count)s files that the panel has never seen.",
        count,
    ) % {"count": count}


def _reference(row: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    digest = str(row["content_sha256"])
    return {"sha256": digest, "size": sizes[digest], "content_type": row.get("content_type") or ""}


def _known_sizes(run: Run) -> dict[str, int]:
    """Return the size of every digest that releases and sources of this project ever named."""
    found: dict[str, int] = {}
    for archive in Release.objects.filter(project=run.project).values_list("archive", flat=True):
        found.update({file["sha256"]: file["size"] for file in (archive.get("site") or {}).values()})
    sources = Source.objects.filter(deploys__project=run.project).distinct()
    for files in sources.values_list("files", flat=True):
        found.update({file["sha256"]: file["size"] for file in files.values()})
    return found
