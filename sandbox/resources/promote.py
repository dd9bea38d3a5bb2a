"""Make an earlier release live again (apply 3.4): a pointer moves; data and functions stay."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.ids import new_id
from sandbox.problems import bad_request, conflict, not_found
from sandbox.release.activation import release_urls, swap
from sandbox.release.state import ReleaseState
from sandbox.resources.releases import live
from sandbox.store.projects import Project
from sandbox.store.releases import Release
from sandbox.web import Call, answer, endpoint

PROMOTABLE = ("ready", "active", "superseded")


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
        previous = live(call, project)
        diff = _diff(call, project, previous, target)
        found = _warnings(diff)
        _require_consent(found, body.get("allow_warning_codes"))
        return answer({**_promote(call, project, previous, target), "diff": diff, "warnings": found})


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


def _promote(call: Call, project: Project, previous: Release, target: Release) -> dict[str, Any]:
    store, now = call.gateway.store, call.gateway.clock.now()
    _bring_back(call, project, target, now=now)
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
    }


def _bring_back(call: Call, project: Project, target: Release, *, now: float) -> None:
    """Functions that were removed since are deployed again, so that no route of the target leads nowhere."""
    functions = call.gateway.store.functions
    running = {function.name for function in functions.of_project(project.id)}
    for function in ReleaseState.from_json(target.state).functions:
        if function.name not in running:
            functions.put(project.id, function, now=now)


def _diff(call: Call, project: Project, previous: Release, target: Release) -> dict[str, Any]:
    """`current` is what is live: its files, the project's functions as they are, its migrations."""
    old, new = ReleaseState.from_json(previous.state), ReleaseState.from_json(target.state)
    running = {one.name: one for one in call.gateway.store.functions.of_project(project.id)}
    wanted = {one.name: one for one in new.functions}
    changed = sorted(name for name in running.keys() & wanted.keys() if running[name] != wanted[name])
    before, after = ({each.id for each in state.migrations} for state in (old, new))
    return {
        "functions": {
            "only_in_current": sorted(running.keys() - wanted.keys()),
            "only_in_target": sorted(wanted.keys() - running.keys()),
            "changed": changed,
        },
        "migrations": {"only_in_current": sorted(before - after), "only_in_target": sorted(after - before)},
        "site_paths": {
            "added_in_current": len(old.site.keys() - new.site.keys()),
            "removed_in_current": len(new.site.keys() - old.site.keys()),
        },
    }


def _warnings(diff: dict[str, Any]) -> list[dict[str, Any]]:
    """The data stays as later migrations made it, and running functions keep the code that was deployed last."""
    found = []
    kept = diff["migrations"]["only_in_current"]
    if kept:
        text = f"{len(kept)} migration(s) are not undone."
        found.append(_warning("MIGRATIONS_NOT_REVERSIBLE", "high", True, text, kept))
    other = sorted({*diff["functions"]["changed"], *diff["functions"]["only_in_current"]})
    if other:
        text = f"Functions stay as they are: {', '.join(other)}."
        found.append(_warning("FUNCTION_VERSION_MISMATCH", "info", False, text, other))
    return found


def _warning(code: str, severity: str, confirm: bool, message: str, affected: list[str]) -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "requires_confirmation": confirm,
        "message": message,
        "affected": affected,
    }


def _require_consent(found: list[dict[str, Any]], allowed: object) -> None:
    if allowed is not None and not isinstance(allowed, list):
        raise bad_request("BAD_FIELD", "'allow_warning_codes' is a list.", field="allow_warning_codes")
    codes = [warning["code"] for warning in found if warning["requires_confirmation"]]
    open_codes = [code for code in codes if code not in (allowed or ())]
    if open_codes:
        text = f"Promoting needs consent to: {', '.join(open_codes)}."
        details = {"codes": open_codes, "warnings": found}
        raise conflict("PROMOTE_WARNING_REQUIRES_ACK", text, details=details, warnings=found)


routes = [Route("/apply/v1/releases/{id}/promote", endpoint(promote), methods=["POST"])]
