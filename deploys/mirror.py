"""What the panel knows of a project's releases: the one writer of Release rows and of a project's live fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from deploys.models import Release
from projects.models import Project
from run402 import Client
from run402.reading import documents, mapping, moment, strings
from run402.resources.plans import ApplyOperation
from run402.resources.releases import Inventory

#: Paths kept of an inventory for the release's page; the archive has all of a release made here.
SHOWN_PATHS = 1000
#: Order in which the addresses of an answer are believed to be the one people use (contract: apply 2.8).
URL_KEYS = ("project", "site", "release")

ACTIVE, SUPERSEDED = "active", "superseded"


def read(
    client: Client, project: Project, release_id: str, *, site_limit: int = SHOWN_PATHS
) -> Inventory | None:
    """Return the inventory of the live release, or of `release_id` when another one went live meanwhile."""
    active = client.releases.active(anon_key=project.anon_key, site_limit=site_limit)
    if release_id and (active is None or active.release_id != release_id):
        return client.releases.get(release_id, anon_key=project.anon_key, site_limit=site_limit)
    return active


def upsert(project: Project, remote_id: str, inventory: Inventory | None) -> Release:
    """Return the release's row, new or known, filled from its inventory. The caller saves it."""
    row = Release.objects.filter(project=project, remote_id=remote_id).first()
    row = row or Release(
        team_id=project.team_id, project=project, remote_id=remote_id, created_at=timezone.now()
    )
    if inventory is None:
        row.status = row.status or ACTIVE
        row.activated_at = row.activated_at or timezone.now()
        return row
    row.generation = (
        inventory.release_generation if inventory.release_generation is not None else row.generation
    )
    row.status = inventory.status or row.status
    row.created_at = inventory.created_at or row.created_at
    row.activated_at = inventory.activated_at or row.activated_at
    row.inventory = kept(inventory)
    count_files(row)
    return row


def kept(inventory: Inventory) -> dict[str, Any]:
    """Return the parts of an inventory that the panel shows, the lists of paths cut; odd types are left out.

    `public_paths` is None when the gateway does not tell them, which is not the same as none being public.
    """
    raw = inventory.raw
    site = inventory.site
    public = inventory.static_public_paths
    rows = site.get("paths") or []
    totals = mapping(site, "totals") or ({"paths": len(rows)} if isinstance(rows, list) else {})
    paths = list(documents(site, "paths")[:SHOWN_PATHS]) if isinstance(rows, list) else None
    return {
        "site": {"paths": paths, "totals": totals},
        "functions": list(inventory.functions),
        "secrets": inventory.secrets,
        "subdomains": inventory.subdomains,
        "routes": inventory.routes,
        "migrations": list(documents(raw, "migrations_applied")),
        "i18n": inventory.i18n,
        "public_paths": None if public is None else list(public[:SHOWN_PATHS]),
        "warnings": list(documents(raw, "warnings")),
        "static_manifest_sha256": raw.get("static_manifest_sha256") or "",
        "state_kind": raw.get("state_kind") or "",
        "created_by": raw.get("created_by") or "",
        "plan_id": raw.get("plan_id") or "",
        "metadata": mapping(raw, "static_manifest_metadata"),
        "operation_id": inventory.operation_id or "",
        "parent_id": inventory.parent_id or "",
        "manifest_digest": inventory.manifest_digest or "",
    }


def count_files(row: Release) -> None:
    """Set the number of files and their bytes, from the archive where there is one, else from the gateway's counts."""
    site = row.archive.get("site") if row.archive else None
    if site is not None:
        row.file_count = len(site)
        row.total_bytes = sum({str(file["sha256"]): int(file["size"]) for file in site.values()}.values())
        return
    metadata, totals = (
        mapping(row.inventory, "metadata"),
        mapping(mapping(row.inventory, "site"), "totals"),
    )
    row.file_count = _whole(totals.get("paths"), _whole(metadata.get("file_count"), row.file_count))
    row.total_bytes = _whole(metadata.get("total_bytes"), row.total_bytes)


def live(project: Project, row: Release) -> None:
    """Make the row the live one, the others superseded, and copy it to the project. Call it in a transaction.

    A release that was overtaken before we looked is recorded, and changes nothing of what is live.
    """
    if row.status == SUPERSEDED:
        return
    Release.objects.filter(project=project, status=ACTIVE).exclude(pk=row.pk).update(status=SUPERSEDED)
    if row.status != ACTIVE:
        row.status = ACTIVE
        row.save(update_fields=["status"])
    subdomains = mapping(row.inventory, "subdomains")
    fields: dict[str, Any] = {
        "live_release": row.remote_id,
        "live_generation": row.generation,
        "live_at": row.activated_at or timezone.now(),
    }
    if isinstance(subdomains.get("names"), list):
        fields["subdomains"] = list(strings(subdomains, "names"))
    if address := address_of(row.urls):
        fields["live_url"] = address
    Project.objects.filter(pk=project.pk).update(**fields)


def nothing_live(project: Project) -> None:
    """The gateway says that nothing serves."""
    Release.objects.filter(project=project, status=ACTIVE).update(status=SUPERSEDED)
    Project.objects.filter(pk=project.pk).update(
        live_release="", live_generation=None, live_at=None, live_url=""
    )


def from_operation(project: Project, operation: ApplyOperation) -> None:
    """Write the release that an operation made, wherever it was started, if it is not known yet."""
    row = Release.objects.filter(project=project, remote_id=operation.release_id or "").first()
    if row is None:
        when = moment(operation.raw, "updated_at", "created_at") or timezone.now()
        row = Release(
            team_id=project.team_id, project=project, remote_id=operation.release_id or "", created_at=when
        )
        row.status = SUPERSEDED
    row.urls = row.urls or operation.urls
    row.save()


def address_of(urls: Mapping[str, Any]) -> str:
    """Return the address people use; not every value of the answer is one (contract: apply 2.8)."""
    values = [urls.get(key) for key in URL_KEYS] + list(urls.values())
    return next(
        (str(url) for url in values if isinstance(url, str) and url.startswith(("https://", "http://"))), ""
    )


def _whole(value: object, default: int | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
