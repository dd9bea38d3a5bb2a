"""Releases: the live one, one by id, the difference of two, promote (apply 3)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.ids import new_id
from sandbox.problems import bad_request, conflict, not_found
from sandbox.release import migrating
from sandbox.release.activation import release_urls, swap
from sandbox.release.diff import compare
from sandbox.release.inventory import SCHEMA_VERSION, inventory
from sandbox.release.state import Function, ReleaseState
from sandbox.store.projects import Project
from sandbox.store.releases import Release
from sandbox.web import Call, answer, endpoint

PROMOTABLE = ("ready", "active", "superseded")


def active(call: Call) -> Response:
    project = access.keyed_project(call)
    return answer(_inventory(call, project, _live(call, project), live=True))


def read(call: Call) -> Response:
    project = access.keyed_project(call)
    return answer(_inventory(call, project, _own(call, project, call.path_param("id")), live=False))


def _live(call: Call, project: Project) -> Release:
    release = call.gateway.store.releases.get(project.active_release_id or "")
    if release is None:
        raise not_found(
            "NO_ACTIVE_RELEASE", "Nothing was deployed to this project yet.", next_actions=("deploy",)
        )
    return release


def _own(call: Call, project: Project, release_id: str) -> Release:
    release = call.gateway.store.releases.get(release_id)
    if release is None or release.project_id != project.id:
        raise not_found("RELEASE_NOT_FOUND", "The project has no such release.")
    return release


def _inventory(call: Call, project: Project, release: Release, *, live: bool) -> dict[str, Any]:
    limit = call.whole_number("site_limit", default=5000, most=25_000)
    keys = call.gateway.store.secrets.keys(project.id)
    known = migrating.registry(call.gateway.store.databases.find(project.id))
    applied = {name: row["applied_at"] for name, row in known.items()}
    functions = call.gateway.store.functions.of_project(project.id) if live else _functions_of(release)
    return inventory(release, functions=functions, secrets=keys, site_limit=limit, live=live, applied=applied)


def _functions_of(release: Release) -> tuple[Function, ...]:
    return ReleaseState.from_json(release.state).functions


def diff(call: Call) -> Response:
    project = access.keyed_project(call)
    limit = call.whole_number("limit", default=1000, most=25_000)
    old, new = (_side(call, project, name) for name in ("from", "to"))
    if new is None:
        raise bad_request("INVALID_DIFF_TARGET", "'to' must be 'active' or a release id.", field="to")
    if old and old.id == new.id:
        raise bad_request("DIFF_SAME_RELEASE", "Both sides are the same release.")
    before = ReleaseState.from_json(old.state) if old else ReleaseState()
    after = ReleaseState.from_json(new.state)
    found = compare(before, after, is_stored=lambda _sha256: True)
    known = {migration.id for migration in before.migrations}
    return answer(
        {
            "kind": "release_diff",
            "schema_version": SCHEMA_VERSION,
            "from_release_id": old.id if old else None,
            "to_release_id": new.id,
            "is_noop": found.is_noop,
            "summary": found.summary(),
            "warnings": [],
            "migrations": {
                "applied_between_releases": [each.id for each in after.migrations if each.id not in known]
            },
            **found.wire(secrets={"added": [], "removed": []}, limit=limit),
        }
    )


def _side(call: Call, project: Project, name: str) -> Release | None:
    """'empty' is None, 'active' the live release."""
    value = call.query(name)
    if not value:
        raise bad_request("INVALID_DIFF_TARGET", f"'{name}' is missing.", field=name)
    if value == "empty":
        return None
    return _live(call, project) if value == "active" else _own(call, project, value)


def promote(call: Call) -> Response:
    """A pointer swap: synchronous, free, without phases."""
    wallet = access.wallet(call)
    body = call.json()
    project_id = body.get("project", body.get("project_id"))
    if not isinstance(project_id, str):
        raise bad_request("BAD_FIELD", "'project' must be the project's id.", field="project")
    with call.gateway.store.transaction():
        project = access.owned_project(call, wallet, project_id)
        access.require_open(call, project)
        target = _promotable(call, project)
        return answer(_promote(call, project, target))


def _promotable(call: Call, project: Project) -> Release:
    target = call.gateway.store.releases.get(call.path_param("id"))
    if target is None:
        raise not_found("PROMOTE_TARGET_NOT_FOUND", "There is no such release.")
    if target.project_id != project.id:
        raise bad_request("PROMOTE_PROJECT_MISMATCH", "The release belongs to another project.")
    if target.status not in PROMOTABLE:
        raise conflict("PROMOTE_RELEASE_NOT_READY", f"A release that is '{target.status}' cannot go live.")
    if target.id == project.active_release_id:
        raise conflict("PROMOTE_NO_OP", "The release is live already.")
    return target


def _promote(call: Call, project: Project, target: Release) -> dict[str, Any]:
    store, now = call.gateway.store, call.gateway.clock.now()
    previous = _live(call, project)
    swap(store, project, target, now=now)
    operation_id = new_id("op")
    urls = release_urls(store, call.gateway.settings, target)
    store.operations.create(
        operation_id=operation_id,
        project_id=project.id,
        plan_id=None,
        kind="promote",
        base=previous.id,
        now=now,
    )
    store.operations.aim(operation_id, target.id)
    store.operations.succeed(operation_id, target.id, urls)
    store.operations.move(operation_id, seen="planning", status="ready", now=now)
    ready = {"type": "ready", "releaseId": target.id, "release_id": target.id, "urls": urls}
    store.operations.add_event(operation_id, ready, now=now)
    return {
        "status": "ok",
        "release_id": target.id,
        "operation_id": operation_id,
        "previous_release_id": previous.id,
        "diff": _promote_diff(previous, target),
        "warnings": [],
    }


def _promote_diff(previous: Release, target: Release) -> dict[str, Any]:
    old, new = previous.state["site"], target.state["site"]
    return {
        "functions": {"only_in_current": [], "only_in_target": [], "changed": []},
        "migrations": {"only_in_current": [], "only_in_target": []},
        "site_paths": {
            "added_in_current": len(old.keys() - new.keys()),
            "removed_in_current": len(new.keys() - old.keys()),
        },
    }


routes = [
    Route("/apply/v1/releases/active", endpoint(active), methods=["GET"]),
    Route("/apply/v1/releases/diff", endpoint(diff), methods=["GET"]),
    Route("/apply/v1/releases/{id}", endpoint(read), methods=["GET"]),
    Route("/apply/v1/releases/{id}/promote", endpoint(promote), methods=["POST"]),
]
