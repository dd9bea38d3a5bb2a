"""Show releases under their host names: routes, files, single-page fallback, 404 (apply 3.7, 4.2)."""

from __future__ import annotations

import html
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sandbox.activity import Activity
from sandbox.release import static
from sandbox.release.paths import same_exact
from sandbox.release.routing import STATIC_METHODS
from sandbox.release.state import File, ReleaseState
from sandbox.settings import APPS_SUFFIX
from sandbox.store import Store
from sandbox.store.releases import Release

KEPT_SITES = 32
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


@dataclass(frozen=True)
class Shown:
    """What one address answers with."""

    file: File
    cache_class: str


class Site:
    """A release, ready to be asked. Paths are compared decoded."""

    def __init__(self, release: Release) -> None:
        state = ReleaseState.from_json(release.state)
        self._routes: dict[str, Shown] = {}
        self._files: dict[str, Shown] = {}
        for address in static.addresses(state):
            shown = Shown(state.site[address.asset_path], address.cache_class)
            if not address.direct:
                self._routes[same_exact(unquote(address.public_path))] = shown
            elif address.authority == "implicit_file_path":
                self._files[address.public_path] = shown
            else:
                self._files[unquote(address.public_path)] = shown
        self._fallback = self._files.get(static.spa_fallback(state) or "")

    def find(self, path: str) -> Shown | None:
        """Routes first, then files; a page that is unknown to a single-page app shows its index."""
        found = self._routes.get(same_exact(path)) or self._files.get(path)
        is_page = "." not in path.rsplit("/", 1)[-1]
        return found or (self._fallback if is_page else None)


class Apps:
    """All hosts that are not the API."""

    def __init__(self, store: Store, activity: Activity) -> None:
        self._store = store
        self._activity = activity
        self._sites: OrderedDict[str, Site] = OrderedDict()

    async def serve(self, request: Request) -> Response:
        return await run_in_threadpool(self._serve, request)

    def _serve(self, request: Request) -> Response:
        release = self._release(request.url.hostname or "")
        if release is None:
            return _not_found("No app here", "No project of this sandbox holds this name.")
        self._activity.count(release.project_id)
        shown = self._site(release).find(request.scope["path"])
        if shown is None:
            return _not_found("Not found", "This app has no such page.")
        if request.method not in STATIC_METHODS:
            return _not_allowed()
        return self._file(request.headers, shown)

    def _release(self, hostname: str) -> Release | None:
        """The release behind a name, or behind a deployment's own host."""
        label = hostname.lower().removesuffix(APPS_SUFFIX)
        subdomain = self._store.subdomains.get(label)
        if subdomain:
            return self._store.releases.get(subdomain.release_id)
        if not label.startswith("dpl-"):
            return None
        release = self._store.releases.by_deployment(label.replace("-", "_"))
        return release if release and self._store.projects.get(release.project_id) else None

    def _site(self, release: Release) -> Site:
        """Releases never change, so the latest ones are kept unpacked."""
        site = self._sites.pop(release.id, None) or Site(release)
        self._sites[release.id] = site
        while len(self._sites) > KEPT_SITES:
            self._sites.popitem(last=False)
        return site

    def _file(self, asked: Headers, shown: Shown) -> Response:
        headers = {
            "ETag": f'"{shown.file.sha256}"',
            "Cache-Control": static.cache_control(shown.cache_class),
            "X-Content-Type-Options": "nosniff",
        }
        if _is_known(asked, shown.file.sha256):
            return Response(status_code=304, headers=headers)
        response = FileResponse(self._store.blobs.path(shown.file.sha256), headers=headers)
        response.headers["content-type"] = shown.file.content_type
        return response


def _is_known(headers: Headers, sha256: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return f'"{sha256}"' in known or "*" in known


def _not_found(title: str, text: str) -> Response:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text))
    return Response(page, 404, {"Cache-Control": "no-store"}, "text/html")


def _not_allowed() -> Response:
    headers = {"Allow": ", ".join(STATIC_METHODS), "Cache-Control": "no-store"}
    return Response("This address answers GET and HEAD only.", 405, headers, "text/plain")
