"""Releases: the live one, one by id, the difference of two (apply 3)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.problems import bad_request, not_found
from sandbox.release import migrating
from sandbox.release.diff import compare
from sandbox.release.inventory import SCHEMA_VERSION, inventory
from sandbox.release.state import Function, ReleaseState
from sandbox.store.projects import Project
from sandbox.store.releases import Release
from sandbox.web import Call, answer, endpoint


def active(call: Call) -> Response:
    project = access.keyed_project(call)
    return answer(_inventory(call, project, live(call, project), is_live=True))


def read(call: Call) -> Response:
    project = access.keyed_project(call)
    return answer(_inventory(call, project, _own(call, project, call.path_param("id")), is_live=False))


def live(call: Call, project: Project) -> Release:
    """The live release. Raises Problem where nothing was deployed."""
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


def _inventory(call: Call, project: Project, release: Release, *, is_live: bool) -> dict[str, Any]:
    limit = call.whole_number("site_limit", default=5000, most=25_000)
    keys = call.gateway.store.secrets.keys(project.id)
    known = migrating.registry(call.gateway.store.databases.find(project.id))
    applied = {name: row["applied_at"] for name, row in known.items()}
    functions = call.gateway.store.functions.of_project(project.id) if is_live else _functions_of(release)
    return inventory(
        release, functions=functions, secrets=keys, site_limit=limit, live=is_live, applied=applied
    )


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
    return live(call, project) if value == "active" else _own(call, project, value)


routes = [
    Route("/apply/v1/releases/active", endpoint(active), methods=["GET"]),
    Route("/apply/v1/releases/diff", endpoint(diff), methods=["GET"]),
    Route("/apply/v1/releases/{id}", endpoint(read), methods=["GET"]),
]
