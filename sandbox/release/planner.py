"""Make a plan: read the spec, find its base, materialise, compare, warn, price (apply 2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox import lease
from sandbox.ids import digest
from sandbox.problems import Problem, conflict, forbidden, not_found
from sandbox.release import asset_plan, limits, migrating
from sandbox.release.diff import compare, immutable_failures
from sandbox.release.inventory import SCHEMA_VERSION
from sandbox.release.materialise import materialise
from sandbox.release.names import is_reserved
from sandbox.release.spec import Spec, read_spec
from sandbox.release.state import File, Migration, ReleaseState
from sandbox.release.warnings import Change, warnings
from sandbox.store import Store
from sandbox.store.projects import Project

EVENTS = ["plan.started", "plan.diff", "content.upload.progress", "commit.phase", "ready"]


@dataclass(frozen=True)
class Draft:
    """A finished plan that is not stored. `answer` lacks the two ids and the knobs' warnings.

    `inline` is SQL that came within the spec, by digest.
    """

    base_release_id: str | None
    spec_digest: str
    target: ReleaseState
    answer: dict[str, Any]
    inline: Mapping[str, bytes]


class Planner:
    """Plans for one project. Raises Problem for what cannot be applied; writes nothing."""

    def __init__(self, store: Store, project: Project, app_url: asset_plan.AppUrl) -> None:
        self._store = store
        self._project = project
        self._app_url = app_url

    def draft(self, raw: dict[str, Any]) -> Draft:
        spec = read_spec(raw)
        base_id, base = self._base(spec)
        target = materialise(spec, base, self._size_of)
        for name in target.subdomains:
            check_name(self._store, self._project, name)
        _check_immutable(base, target)
        limits.check(target.functions, limits.tier_of(self._store, self._project), base.functions)
        diff = compare(base, target, is_stored=lambda sha256: self._size_of(sha256) is not None)
        secrets = frozenset(self._store.secrets.keys(self._project.id))
        change = Change(spec, base, target, diff, secrets, self._new_migrations(spec))
        return Draft(base_id, digest(raw), target, self._answer(change, base_id), spec.database.inline)

    def _new_migrations(self, spec: Spec) -> tuple[tuple[Migration, str | None], ...]:
        """Those that were not applied, with their SQL where it is here. Raises Problem for what cannot be run."""
        slice_ = spec.database
        new = migrating.fresh(self._store, self._project.id, slice_.migrations)
        found = [(each, migrating.sql_of(self._store, self._project.id, each, slice_.inline)) for each in new]
        migrating.check(self._store, self._project.id, [sql for _each, sql in found], slice_.expose)
        return tuple(found)

    def _size_of(self, sha256: str) -> int | None:
        return self._store.content.size(self._project.id, sha256)

    def _base(self, spec: Spec) -> tuple[str | None, ReleaseState]:
        live = self._project.active_release_id
        if spec.base in ("current", live):
            return live, live_state(self._store, self._project)
        if spec.base != "empty":
            return self._pinned(spec.base)
        if live:
            text = "The base is 'empty', but the project has a live release."
            raise conflict("BASE_RELEASE_CONFLICT", text, phase="plan", next_actions=("edit_request",))
        return None, ReleaseState()

    def _pinned(self, release_id: str) -> tuple[str, ReleaseState]:
        release = self._store.releases.get(release_id)
        if release is None or release.project_id != self._project.id:
            raise not_found("RELEASE_NOT_FOUND", "The project has no such base release.", resource="base")
        return release.id, ReleaseState.from_json(release.state)

    def _answer(self, change: Change, base_id: str | None) -> dict[str, Any]:
        removed = sorted(change.secrets & set(change.spec.deletes))
        database = change.spec.database
        files = [*(change.spec.site.files.values() if change.spec.site else ())]
        files += change.spec.functions.code
        files += [each.file for each in database.migrations if each.checksum not in database.inline]
        new = [each for each, _sql in change.migrations]
        files += [put.file for put in change.spec.assets.put]
        assets = asset_plan.plan(self._store, self._project.id, change.spec.assets, self._app_url)
        moves = asset_plan.changes(self._store, self._project.id, assets)
        exposes = migrating.changes_exposure(self._store, self._project.id, database.expose)
        return {
            "kind": "plan_response",
            "schema_version": SCHEMA_VERSION,
            "base_release_id": base_id,
            "manifest_digest": digest(change.new.to_json()),
            "is_noop": change.diff.is_noop and not (removed or new or exposes or moves),
            "summary": _summary(change, exposes, moves),
            "expected_events": EVENTS,
            "missing_content": missing_content(self._store, self._project.id, files),
            "warnings": warnings(change),
            "payment_required": None,
            "migrations": {
                "new": [_migration_row(each) for each in new],
                "noop": [
                    {"id": each.id, "checksum_hex": each.checksum}
                    for each in database.migrations
                    if each not in new
                ],
            },
            **change.diff.wire(secrets={"added": [], "removed": removed}),
            **assets,
            "cost": self._cost(change, assets),
        }

    def _cost(self, change: Change, assets: dict[str, Any]) -> dict[str, Any]:
        """Bytes are counted over all live releases of the wallet, and each object of a release once."""
        old = {file.sha256: file.size for file in change.old.site.values()}
        new = {file.sha256: file.size for file in change.new.site.values()}
        added = sum(size for sha256, size in new.items() if sha256 not in old)
        freed = sum(size for sha256, size in old.items() if sha256 not in new)
        before = live_bytes(self._store, self._project.owner)
        self._check_quota(before + added - freed)
        keys, more, fewer = asset_plan.key_counts(self._store, self._project.id, assets)
        return {
            "storage_bytes_added": added,
            "storage_bytes_freed": freed,
            "storage_bytes_net": added - freed,
            "asset_keys_added": more,
            "asset_keys_removed": fewer,
            "asset_keys_after_commit": keys + more - fewer,
            "billable_delta_usd_micros": 0,
            "payment_required": False,
            "quota_before": {"storage_bytes": before, "asset_keys": keys},
            "quota_after": {"storage_bytes": before + added - freed, "asset_keys": keys + more - fewer},
        }

    def _check_quota(self, after: int) -> None:
        tier = lease.TIERS.get(self._store.accounts.get(self._project.owner).tier or "")
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


def _migration_row(migration: Migration) -> dict[str, str]:
    kind = "none" if migration.transaction == "none" else "default"
    return {"id": migration.id, "checksum_hex": migration.checksum, "transaction": kind}


def _summary(change: Change, exposes: bool, moves: bool) -> str:
    parts = [f"migrations: {len(change.migrations)} new"] if change.migrations else []
    parts += ["exposure changed"] if exposes else []
    parts += ["assets changed"] if moves else []
    if not parts:
        return change.diff.summary()
    parts = [*([] if change.diff.is_noop else [change.diff.summary().removesuffix(".")]), *parts]
    return f"{'; '.join(parts)}."


def live_state(store: Store, project: Project) -> ReleaseState:
    """What is live now. Names and functions may change without a deploy, so their own tables tell."""
    release = store.releases.get(project.active_release_id) if project.active_release_id else None
    functions = store.functions.of_project(project.id)
    if release is None:
        return ReleaseState(functions=functions)
    names = tuple(subdomain.name for subdomain in store.subdomains.of_project(project.id))
    return replace(ReleaseState.from_json(release.state), subdomains=names, functions=functions)


def live_bytes(store: Store, owner: str) -> int:
    """What all live releases of a wallet's projects occupy."""
    return sum(live_state(store, project).bytes() for project in store.projects.owned_by(owner))


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


def missing_content(store: Store, project_id: str, files: Iterable[File]) -> list[dict[str, Any]]:
    """Every object the spec refers to, once, and whether the project already has it."""
    distinct = {file.sha256: file.size for file in files}
    return [
        {"sha256": sha256, "size": size, "present": store.content.size(project_id, sha256) is not None}
        for sha256, size in sorted(distinct.items())
    ]
