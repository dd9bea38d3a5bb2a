"""The pointer swap: make a release live, move its names, retire the one before."""

from __future__ import annotations

from typing import Any

from sandbox.problems import Problem
from sandbox.release import asset_plan
from sandbox.release.planner import check_name
from sandbox.release.state import ReleaseState
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.store.operations import Operation
from sandbox.store.projects import Project
from sandbox.store.releases import Release


def activate(store: Store, operation: Operation, *, now: float) -> dict[str, Any] | None:
    """Activate the operation's target. Returns the error it ends with when the world moved on since the plan."""
    project = store.projects.get(operation.project_id)
    release = store.releases.get(operation.target_release_id or "")
    if project is None or release is None:
        return _failed(operation, "ACTIVATION_FAILED", "The project is gone.", retryable=False)
    if project.active_release_id == release.id:
        return None
    if project.active_release_id != operation.base_release_id:
        return _failed(
            operation, "BASE_RELEASE_CONFLICT", "Another release became live first.", retryable=True
        )
    plan = store.plans.get(operation.plan_id or "")
    planned = plan.answer if plan else {}
    try:
        asset_plan.check_sync(store, project.id, planned)
        _take_names(store, project, release, now=now)
    except Problem as problem:
        return _failed(operation, problem.code, str(problem), retryable=False)
    store.functions.replace(project.id, ReleaseState.from_json(release.state).functions, now=now)
    store.secrets.remove(project.id, planned["secrets"]["removed"] if planned else ())
    asset_plan.apply(store, project.id, planned, now=now)
    swap(store, project, release, now=now)
    return None


def _take_names(store: Store, project: Project, release: Release, *, now: float) -> None:
    """Hold exactly the names of the release. Raises Problem, having changed nothing, when one was taken."""
    names = ReleaseState.from_json(release.state).subdomains
    for name in names:
        check_name(store, project, name)
    for held in store.subdomains.of_project(project.id):
        if held.name not in names:
            store.subdomains.remove(held.name)
    for name in names:
        store.subdomains.point(name, project_id=project.id, release_id=release.id, now=now)


def swap(store: Store, project: Project, release: Release, *, now: float) -> None:
    """Make a release the live one and point every name the project holds at it."""
    if project.active_release_id:
        store.releases.supersede(project.active_release_id, now=now)
    generation = store.projects.point_at(project.id, release.id)
    store.releases.activate(release.id, generation=generation, now=now)
    for held in store.subdomains.of_project(project.id):
        store.subdomains.point(held.name, project_id=project.id, release_id=release.id, now=now)


def _failed(operation: Operation, code: str, message: str, *, retryable: bool) -> dict[str, Any]:
    return {
        "status": "failed",
        "code": code,
        "message": message,
        "phase": "activate",
        "retryable": retryable,
        "safe_to_retry": True,
        "mutation_state": "rolled_back",
        "rolled_back": True,
        "operation_id": operation.id,
        "plan_id": operation.plan_id,
    }


def release_urls(store: Store, settings: Settings, release: Release) -> dict[str, str]:
    """Where a release can be seen: under the project's first name, and always under its own host."""
    own = settings.app_url(release.deployment_id.replace("_", "-"))
    names = [subdomain.name for subdomain in store.subdomains.of_project(release.project_id)]
    site = settings.app_url(names[0]) if names else own
    return {"project": site, "site": site, "release": own, "deployment_id": release.deployment_id}
