"""Show releases under their host names: routes, files, single-page fallback, 404 (apply 3.7, 4.2)."""

from __future__ import annotations

import html
from collections import OrderedDict

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sandbox import delivery
from sandbox.activity import Activity
from sandbox.functions.invoking import Invoker, Target
from sandbox.ids import new_id
from sandbox.problems import Problem
from sandbox.release import static
from sandbox.release.router import Router
from sandbox.release.state import File, ReleaseState
from sandbox.settings import APPS_SUFFIX
from sandbox.store import Store
from sandbox.store.releases import Release
from sandbox.web import answer

KEPT_SITES = 32
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


class Apps:
    """All hosts that are not the API."""

    def __init__(self, store: Store, activity: Activity, invoker: Invoker) -> None:
        self._store = store
        self._activity = activity
        self._invoker = invoker
        self._routers: OrderedDict[str, Router] = OrderedDict()

    async def serve(self, request: Request) -> Response:
        """A file, a page that says what is wrong, or what a function answers."""
        found = await run_in_threadpool(self._serve, request)
        if isinstance(found, Response):
            return found
        try:
            return await self._invoker.invoke(request, found)
        except Problem as problem:
            return answer(problem.envelope(new_id("trc")), problem.status, problem.headers)

    def _serve(self, request: Request) -> Response | Target:
        label = (request.url.hostname or "").lower().removesuffix(APPS_SUFFIX)
        if delivery.is_public_host(label):
            blob = delivery.serve_blob(self._store, request, label)
            return blob or _not_found("Not found", "There is no public asset here.")
        release = self.release_of(request.url.hostname or "")
        if release is None:
            return _not_found("No app here", "No project of this sandbox holds this name.")
        self._activity.count(release.project_id)
        router = self._router(release)
        return self._shown(request, release, router)

    def _shown(self, request: Request, release: Release, router: Router) -> Response | Target:
        found = router.find(request.scope["path"], request.method)
        if found.address:
            return self._file(request.headers, found.address, router.file(found.address))
        if found.match == "route_function" and found.route:
            return self._target(release, router, found.route.function)
        if found.match == "route_method_miss" and found.route and found.route.function:
            return _method_miss(found.allow)
        if found.allow:
            return _not_allowed(found.allow)
        return _not_found("Not found", "This app has no such page.")

    def _target(self, release: Release, router: Router, name: str) -> Response | Target:
        project = self._store.projects.get(release.project_id)
        if project is None:
            return _not_found("No app here", "The project is gone.")
        return Target(project, name, router.i18n)

    def release_of(self, hostname: str) -> Release | None:
        """The release behind a name, or behind a deployment's own host."""
        label = hostname.lower().removesuffix(APPS_SUFFIX)
        subdomain = self._store.subdomains.get(label)
        if subdomain:
            return self._store.releases.get(subdomain.release_id)
        if not label.startswith("dpl-"):
            return None
        release = self._store.releases.by_deployment(label.replace("-", "_"))
        return release if release and self._store.projects.get(release.project_id) else None

    def _router(self, release: Release) -> Router:
        """Releases never change, so the latest ones are kept unpacked."""
        router = self._routers.pop(release.id, None) or Router(ReleaseState.from_json(release.state))
        self._routers[release.id] = router
        while len(self._routers) > KEPT_SITES:
            self._routers.popitem(last=False)
        return router

    def _file(self, asked: Headers, address: static.Address, file: File) -> Response:
        headers = {
            "ETag": f'"{file.sha256}"',
            "Cache-Control": static.cache_control(address.cache_class),
            "X-Content-Type-Options": "nosniff",
        }
        if _is_known(asked, file.sha256):
            return Response(status_code=304, headers=headers)
        response = FileResponse(self._store.blobs.path(file.sha256), headers=headers)
        response.headers["content-type"] = file.content_type
        return response


def _is_known(headers: Headers, sha256: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return f'"{sha256}"' in known or "*" in known


def _not_found(title: str, text: str) -> Response:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text))
    return Response(page, 404, {"Cache-Control": "no-store"}, "text/html")


def _method_miss(allow: tuple[str, ...]) -> Response:
    text = f"This route takes {', '.join(allow)} only."
    problem = Problem(405, "ROUTE_METHOD_NOT_ALLOWED", text, details={"allow": list(allow)})
    return answer(problem.envelope(new_id("trc")), 405, {"Allow": ", ".join(allow)})


def _not_allowed(allow: tuple[str, ...]) -> Response:
    headers = {"Allow": ", ".join(allow), "Cache-Control": "no-store"}
    return Response(f"This address answers {', '.join(allow)} only.", 405, headers, "text/plain")
