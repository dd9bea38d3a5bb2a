"""`ANY /functions/v1/:name`: call a function with a key of its project (apply 7.1)."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.functions.invoking import Target
from sandbox.gateway import Gateway
from sandbox.problems import unauthorized
from sandbox.release.routing import METHODS


async def invoke(request: Request) -> Response:
    gateway: Gateway = request.app.state.gateway
    target = await run_in_threadpool(_target, gateway, request)
    return await gateway.invoker.invoke(request, target)


def _target(gateway: Gateway, request: Request) -> Target:
    """The key says which project; a Bearer beside it may be the token of a user, and is the function's business."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    for key in (request.headers.get("apikey"), bearer):
        project = gateway.store.projects.by_key(key) if key else None
        if project:
            gateway.activity.count(project.id)
            return Target(project, request.path_params["name"])
    raise unauthorized("Calling a function needs a key of its project as 'apikey'.")


routes = [Route("/functions/v1/{name}", invoke, methods=list(METHODS))]
