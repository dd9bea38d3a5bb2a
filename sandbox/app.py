"""Put the sandbox together: one Starlette application for the API and for the apps it serves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from sandbox import settings
from sandbox.clock import Clock
from sandbox.front import Front
from sandbox.gateway import Gateway
from sandbox.ids import new_id
from sandbox.page import checkout, state
from sandbox.problems import Problem
from sandbox.resources import (
    auth,
    billing,
    checkouts,
    content,
    faucet,
    functions,
    health,
    invoke,
    jobs,
    knobs,
    oauth,
    operations,
    plans,
    projects,
    promote,
    releases,
    resolve,
    rest,
    rpc,
    secrets,
    sql,
    storage,
    subdomains,
    tiers,
    uploads,
)
from sandbox.store import Store
from sandbox.web import answer

_RESOURCES = (
    auth,
    billing,
    checkouts,
    content,
    faucet,
    functions,
    health,
    invoke,
    jobs,
    knobs,
    oauth,
    operations,
    plans,
    projects,
    promote,
    releases,
    resolve,
    rest,
    rpc,
    secrets,
    sql,
    storage,
    subdomains,
    tiers,
    uploads,
)


def create_app(data: Path, *, public_url: str) -> Starlette:
    """The application over the folder `data`. Its lifespan runs the machine and closes the folder."""
    told = settings.load(data, public_url=public_url)
    gateway = Gateway(told, Store(data, pretends_base=told.pretends_base), Clock(), time.time())
    app = Starlette(
        routes=[
            *state.routes,
            *checkout.routes,
            *(route for resource in _RESOURCES for route in resource.routes),
        ],
        middleware=[Middleware(Front, gateway=gateway)],
        exception_handlers={Problem: _problem, HTTPException: _http_error, 500: _crash},
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.gateway = gateway
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    gateway: Gateway = app.state.gateway
    gateway.machine.start()
    yield
    gateway.close()


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return answer(error.envelope(new_id("trc")), error.status, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in the envelope of everything else."""
    if not isinstance(error, HTTPException):
        raise error
    code = HTTPStatus(error.status_code).name
    text = f"The sandbox has no {request.method} {request.url.path}."
    problem = Problem(error.status_code, code, text, category="not_found", headers=dict(error.headers or {}))
    return await _problem(request, problem)


async def _crash(request: Request, error: Exception) -> Response:
    text = "The sandbox failed; its log says why."
    problem = Problem(
        500, "INTERNAL_ERROR", text, category="server", safe_to_retry=False, mutation_state="unknown"
    )
    return await _problem(request, problem)
