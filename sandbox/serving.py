"""Show a release under its host names: routes, files, single-page fallback, 404 (apply 3.7, 4.2)."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sandbox.release import routing, static
from sandbox.release.state import ReleaseState
from sandbox.settings import APPS_SUFFIX
from sandbox.store.releases import Release

if TYPE_CHECKING:
    from sandbox.gateway import Gateway

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
READS = ("GET", "HEAD")


async def serve(gateway: Gateway, request: Request) -> Response:
    """The answer of an app host."""
    return await run_in_threadpool(_serve, gateway, request)


def _serve(gateway: Gateway, request: Request) -> Response:
    release = _release(gateway, request.url.hostname or "")
    if release is None:
        return _not_found("No app here", "No project of this sandbox holds this name.")
    gateway.activity.count(release.project_id)
    state = ReleaseState.from_json(release.state)
    found = _address(state, request.url.path)
    if found is None:
        return _not_found("Not found", "This app has no such page.")
    if request.method not in READS:
        return _not_allowed()
    return _file(gateway, request, state, found)


def _release(gateway: Gateway, hostname: str) -> Release | None:
    """The release behind a name, or behind a deployment's own host."""
    label = hostname.lower().removesuffix(APPS_SUFFIX)
    subdomain = gateway.store.subdomains.get(label)
    if subdomain:
        return gateway.store.releases.get(subdomain.release_id)
    if not label.startswith("dpl-"):
        return None
    release = gateway.store.releases.by_deployment(label.replace("-", "_"))
    return release if release and gateway.store.projects.get(release.project_id) else None


def _address(state: ReleaseState, path: str) -> static.Address | None:
    """Routes first, then files; an unknown page of a single-page app shows its index."""
    route = routing.find(state.routes, path)
    if route:
        return next(a for a in static.addresses(state) if not a.direct and a.public_path == route.pattern)
    found = static.find(state, path)
    fallback = static.spa_fallback(state)
    if found is None and fallback and "." not in path.rsplit("/", 1)[-1]:
        return static.find(state, fallback)
    return found


def _file(gateway: Gateway, request: Request, state: ReleaseState, address: static.Address) -> Response:
    file = state.site[address.asset_path]
    headers = {
        "ETag": f'"{file.sha256}"',
        "Cache-Control": static.cache_control(address.cache_class),
        "X-Content-Type-Options": "nosniff",
    }
    if _is_known(request.headers, file.sha256):
        return Response(status_code=304, headers=headers)
    path = gateway.store.blobs.path(file.sha256)
    response = FileResponse(path, headers=headers)
    response.headers["content-type"] = file.content_type
    return response


def _is_known(headers: Headers, sha256: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return f'"{sha256}"' in known or "*" in known


def _not_found(title: str, text: str) -> Response:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text))
    return Response(page, 404, {"Cache-Control": "no-store"}, "text/html")


def _not_allowed() -> Response:
    problem = routing.method_not_allowed()
    return Response(str(problem), 405, problem.headers, "text/plain")
