"""A release as the read endpoints show it (apply 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.clock import iso
from sandbox.release import routing, static
from sandbox.release.state import Function, ReleaseState
from sandbox.store.releases import Release

SCHEMA_VERSION = "agent-deploy-observability.v1"
_EFFECTIVE = ("active", "superseded")


def inventory(
    release: Release,
    *,
    functions: Iterable[Function],
    secrets: list[str],
    site_limit: int,
    live: bool,
    applied: Mapping[str, float],
) -> dict[str, Any]:
    """`live` says that the active release was asked for; `site_limit` cuts the list of paths.

    `applied` tells when each migration of the project ran.
    """
    state = ReleaseState.from_json(release.state)
    return {
        "kind": "release_inventory",
        "schema_version": SCHEMA_VERSION,
        **_facts(release, live),
        "static_manifest_sha256": static.manifest_sha256(state),
        "static_manifest_metadata": static.metadata(state),
        "site": _site(state, site_limit),
        "static_public_paths": [address.row() for address in static.addresses(state)[:site_limit]],
        "functions": [function.row() for function in functions],
        "secrets": {"keys": secrets},
        "subdomains": {"names": list(state.subdomains)},
        "routes": {
            "manifest_sha256": routing.manifest_sha256(state.routes),
            "entries": [route.entry() for route in state.routes],
        },
        "migrations_applied": [
            {"migration_id": each.id, "checksum_hex": each.checksum, "applied_at": iso(applied[each.id])}
            for each in state.migrations
            if each.id in applied
        ],
        "i18n": state.i18n,
        "warnings": [],
    }


def _facts(release: Release, live: bool) -> dict[str, Any]:
    effective = release.status in _EFFECTIVE
    kind = "current_live" if live else "effective" if effective else "desired_manifest"
    return {
        "release_id": release.id,
        "project_id": release.project_id,
        "parent_id": release.parent_id,
        "status": release.status,
        "manifest_digest": release.manifest_digest,
        "created_at": iso(release.created_at),
        "created_by": release.created_by,
        "activated_at": iso(release.activated_at),
        "superseded_at": iso(release.superseded_at),
        "operation_id": release.operation_id,
        "plan_id": release.plan_id,
        "deployment_id": release.deployment_id,
        "events_url": f"/apply/v1/operations/{release.operation_id}/events",
        "effective": effective,
        "state_kind": kind,
        "release_generation": release.generation,
    }


def _site(state: ReleaseState, limit: int) -> dict[str, Any]:
    rows = [
        {"path": path, "content_sha256": file.sha256, "content_type": file.content_type}
        for path, file in sorted(state.site.items())[:limit]
    ]
    return {"paths": rows, "totals": {"paths": len(state.site)}}
