"""How bytes of assets go out: headers, and the public host of a project (apply 10.4, 10.5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sandbox.release.asset_plan import public_label
from sandbox.store import Store

PLACE = "/_blob/"
_CACHE = {
    "immutable": "public, max-age=31536000, immutable",
    "mutable": "public, max-age=0, must-revalidate",
    "private": "private, no-store",
}


def blob_headers(sha256: str, kind: str) -> dict[str, str]:
    """`kind` is immutable, mutable or private."""
    return {
        "ETag": f'"sha256-{sha256}"',
        "Cache-Control": _CACHE[kind],
        "X-Content-Type-Options": "nosniff",
        "X-Run402-Content-Sha256": sha256,
        "X-Run402-Blob-Cache-Kind": kind,
    }


def is_public_host(label: str) -> bool:
    return label.startswith("pr-")


def serve_blob(store: Store, request: Request, label: str) -> Response | None:
    """The public asset at the request's path; None when there is none."""
    path = str(request.scope["path"])
    project = store.projects.get(f"prj_{label.removeprefix('pr-')}")
    if project is None or label != public_label(project.id) or not path.startswith(PLACE):
        return None
    found = _find(store, project.id, path.removeprefix(PLACE))
    if found is None or request.method not in ("GET", "HEAD"):
        return None
    sha256, content_type, kind = found
    headers = blob_headers(sha256, kind)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    response = FileResponse(store.blobs.path(sha256), headers=headers)
    response.headers["content-type"] = content_type
    return response


def _find(store: Store, project_id: str, key: str) -> tuple[str, str, str] | None:
    """By key as it is now, or by the lasting address of a version."""
    asset = store.assets.get(project_id, key)
    if asset and asset.visibility == "public":
        return asset.sha256, asset.content_type, "mutable"
    version = store.assets.version(project_id, key)
    return (*version, "immutable") if version else None
