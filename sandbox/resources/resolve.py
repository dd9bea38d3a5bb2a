"""`GET /apply/v1/resolve`: what an address of the caller's project would answer (apply 3.6)."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.problems import bad_request
from sandbox.release import resolving
from sandbox.release.routing import METHODS
from sandbox.web import Call, answer, endpoint


def resolve(call: Call) -> Response:
    """Hosts of other projects look like hosts that nobody has."""
    project = access.keyed_project(call)
    host, method = call.query("host"), (call.query("method") or "GET").upper()
    if not host or "/" in host or "@" in host:
        raise bad_request("BAD_FIELD", "'host' must be a host name.", field="host")
    if method not in METHODS:
        raise bad_request("BAD_FIELD", f"'method' must be one of {', '.join(METHODS)}.", field="method")
    hostname = host.rsplit(":", 1)[0].lower()
    shown = call.gateway.apps.release_of(hostname)
    if shown is None or shown.project_id != project.id:
        return answer(resolving.host_missing(hostname))
    path = call.query("path") or "/"
    found = resolving.resolve(
        shown,
        call.gateway.store.blobs,
        hostname=hostname,
        path=path,
        method=method,
        binding=f"hb_{hostname.partition('.')[0]}",
    )
    return answer(found)


routes = [Route("/apply/v1/resolve", endpoint(resolve), methods=["GET"])]
