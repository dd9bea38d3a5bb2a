"""Make a plan: read the spec, find its base, materialise, compare, warn, price (apply 2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sandbox import lease
from sandbox.ids import digest
from sandbox.problems import Problem, conflict, forbidden, not_found
from sandbox.release.diff import Diff, compare, immutable_failures
from sandbox.release.inventory import SCHEMA_VERSION
from sandbox.release.materialise import materialise
from sandbox.release.names import is_reserved
from sandbox.release.spec import Spec, read_spec
from sandbox.release.state import File, ReleaseState
from sandbox.release.warnings import Change, warnings
from sandbox.store import Store
from sandbox.store.projects import Project

EVENTS = ["plan.started", "plan.diff", "content.upload.progress", "commit.phase", "ready"]


@dataclass(frozen=True)
class Draft:
    """A finished plan that is not stored. `answer` lacks the two ids and the knobs' warnings."""

    base_release_id: str | None
    spec_digest: str
    target: ReleaseState
    answer: dict[str, Any]


def draft(store: Store, project: Project, raw: dict[str, Any], *, now: float) -> Draft:
    """Raises Problem for a spec that cannot be applied; nothing is written."""
    spec = read_spec(raw)
    base_id, base = _base(store, project, spec)
    target = materialise(spec, base, lambda sha256: store.content.size(project.id, sha256))
    _check_names(store, project, target)
    _check_immutable(base, target)
    diff = compare(base, target, is_stored=lambda sha256: store.content.size(project.id, sha256) is not None)
    answer = _answer(store, project, spec, base_id, base, target, diff, now)
    return Draft(base_id, digest(raw), target, answer)


def live_state(store: Store, project: Project) -> ReleaseState:
    """What is live now. Names may be claimed without a deploy, so they are read from their own table."""
    release = store.releases.get(project.active_release_id) if project.active_release_id else None
    if release is None:
        return ReleaseState()
    names = tuple(subdomain.name for subdomain in store.subdomains.of_project(project.id))
    return replace(ReleaseState.from_json(release.state), subdomains=names)


def _base(store: Store, project: Project, spec: Spec) -> tuple[str | None, ReleaseState]:
    if spec.base == "current":
        return project.active_release_id, live_state(store, project)
    if spec.base == "empty":
        if project.active_release_id:
            text = "The base is 'empty', but the project has a live release."
            raise conflict("BASE_RELEASE_CONFLICT", text, phase="plan", next_actions=("edit_request",))
        return None, ReleaseState()
    if spec.base == project.active_release_id:
        return spec.base, live_state(store, project)
    release = store.releases.get(spec.base)
    if release is None or release.project_id != project.id:
        raise not_found("RELEASE_NOT_FOUND", "The project has no such base release.", resource="base")
    return release.id, ReleaseState.from_json(release.state)


def _check_names(store: Store, project: Project, target: ReleaseState) -> None:
    for name in target.subdomains:
        check_name(store, project, name)


def check_name(store: Store, project: Project, name: str) -> None:
    """Raises Problem when the name is reserved (409) or held by another project (403)."""
    if is_reserved(name):
        raise conflict("SUBDOMAIN_RESERVED", f"Nobody can have the name '{name}'.", resource="subdomains")
    holder = store.subdomains.get(name)
    if holder and holder.project_id != project.id:
        text = f"The name '{name}' belongs to another project."
        raise forbidden(text, code="SUBDOMAIN_TAKEN", resource="subdomains", next_actions=("edit_request",))


def _check_immutable(base: ReleaseState, target: ReleaseState) -> None:
    failures = immutable_failures(base, target)
    if failures:
        raise conflict(
            "STATIC_IMMUTABLE_PATH_CHANGED",
            f"'{failures[0]['path']}' promised never to change; give the new bytes a new name.",
            phase="plan",
            resource="site",
            details={"failures": failures[:100]},
            next_actions=("edit_request",),
        )


def _answer(
    store: Store,
    project: Project,
    spec: Spec,
    base_id: str | None,
    base: ReleaseState,
    target: ReleaseState,
    diff: Diff,
    now: float,
) -> dict[str, Any]:
    secrets = frozenset(store.secrets.keys(project.id))
    removed = sorted(secrets & set(spec.deletes))
    return {
        "kind": "plan_response",
        "schema_version": SCHEMA_VERSION,
        "base_release_id": base_id,
        "manifest_digest": digest(target.to_json()),
        "is_noop": diff.is_noop and not removed,
        "summary": diff.summary(),
        "expected_events": EVENTS,
        "missing_content": missing_content(store, project.id, spec.site.files.values() if spec.site else ()),
        "warnings": warnings(Change(spec, base, target, diff, secrets)),
        "payment_required": None,
        "migrations": {"new": [], "noop": []},
        **diff.wire(secrets={"added": [], "removed": removed}),
        "cost": _cost(store, project, base, target, now),
    }


def missing_content(store: Store, project_id: str, files: Iterable[File]) -> list[dict[str, Any]]:
    """Every object the spec refers to, once, and whether the project already has it."""
    distinct = {file.sha256: file.size for file in files}
    return [
        {"sha256": sha256, "size": size, "present": store.content.size(project_id, sha256) is not None}
        for sha256, size in sorted(distinct.items())
    ]


def _cost(
    store: Store, project: Project, base: ReleaseState, target: ReleaseState, now: float
) -> dict[str, Any]:
    old = {file.sha256: file.size for file in base.site.values()}
    new = {file.sha256: file.size for file in target.site.values()}
    added = sum(size for sha256, size in new.items() if sha256 not in old)
    freed = sum(size for sha256, size in old.items() if sha256 not in new)
    before = live_bytes(store, project.owner)
    _check_quota(store, project, before + added - freed, now)
    return {
        "storage_bytes_added": added,
        "storage_bytes_freed": freed,
        "storage_bytes_net": added - freed,
        "asset_keys_added": 0,
        "asset_keys_removed": 0,
        "asset_keys_after_commit": 0,
        "billable_delta_usd_micros": 0,
        "payment_required": False,
        "quota_before": {"storage_bytes": before, "asset_keys": 0},
        "quota_after": {"storage_bytes": before + added - freed, "asset_keys": 0},
    }


def _check_quota(store: Store, project: Project, after: int, now: float) -> None:
    account = store.accounts.get(project.owner)
    tier = lease.TIERS.get(account.tier or "")
    if tier is None or after <= tier.storage_bytes:
        return
    raise Problem(
        403,
        "QUOTA_EXCEEDED",
        f"The {tier.name} tier stores {tier.storage_mb} MB; this would need {after} bytes.",
        category="quota",
        details={"scope": "account", "limit_bytes": tier.storage_bytes, "needed_bytes": after},
        next_actions=("check_usage", "renew_tier"),
    )


def live_bytes(store: Store, owner: str) -> int:
    """What all live releases of a wallet's projects occupy."""
    return sum(live_state(store, project).bytes() for project in store.projects.owned_by(owner))
