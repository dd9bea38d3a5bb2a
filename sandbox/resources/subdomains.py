"""Names of apps: claim or move, list, release (apply 5.1)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.problems import bad_request, forbidden, not_found
from sandbox.release.names import is_name
from sandbox.release.planner import check_name
from sandbox.store.subdomains import Subdomain
from sandbox.web import Call, answer, endpoint


def claim(call: Call) -> Response:
    """`deployment_id` may be the deployment's or the release's id."""
    project = access.serviced_project(call)
    access.require_open(call, project)
    name, wanted = call.text("name"), call.text("deployment_id")
    if not is_name(name):
        text = "A name has 3 to 63 lower-case letters, digits and inner hyphens."
        raise bad_request("BAD_SUBDOMAIN_NAME", text, field="name")
    store = call.gateway.store
    release = store.releases.by_deployment(wanted) or store.releases.get(wanted)
    if release is None or release.project_id != project.id:
        raise not_found("DEPLOYMENT_NOT_FOUND", "The project has no such deployment.")
    with store.transaction():
        check_name(store, project, name)
        store.subdomains.point(
            name, project_id=project.id, release_id=release.id, now=call.gateway.clock.now()
        )
        held = store.subdomains.get(name)
    return answer(_row(call, held) if held else {}, 201)


def listing(call: Call) -> Response:
    project = access.serviced_project(call)
    rows = [_row(call, subdomain) for subdomain in call.gateway.store.subdomains.of_project(project.id)]
    return answer({"subdomains": rows})


def release(call: Call) -> Response:
    project = access.serviced_project(call)
    store = call.gateway.store
    held = store.subdomains.get(call.path_param("name"))
    if held is None:
        raise not_found("SUBDOMAIN_NOT_FOUND", "Nobody holds this name.")
    if held.project_id != project.id:
        raise forbidden("The name belongs to another project.", code="SUBDOMAIN_TAKEN")
    row = _row(call, held)
    store.subdomains.remove(held.name)
    gone = {name: row[name] for name in ("name", "deployment_id", "project_id")}
    return answer({"status": "deleted", **gone, "deleted_at": iso(call.gateway.clock.now())})


def _row(call: Call, subdomain: Subdomain) -> dict[str, Any]:
    shown = call.gateway.store.releases.get(subdomain.release_id)
    deployment = shown.deployment_id if shown else ""
    settings = call.gateway.settings
    return {
        "name": subdomain.name,
        "deployment_id": deployment,
        "url": settings.app_url(subdomain.name),
        "deployment_url": settings.app_url(deployment.replace("_", "-")),
        "project_id": subdomain.project_id,
        "created_at": iso(subdomain.created_at),
        "updated_at": iso(subdomain.updated_at),
    }


routes = [
    Route("/subdomains/v1", endpoint(claim), methods=["POST"]),
    Route("/subdomains/v1", endpoint(listing), methods=["GET"]),
    Route("/subdomains/v1/{name}", endpoint(release), methods=["DELETE"]),
]
