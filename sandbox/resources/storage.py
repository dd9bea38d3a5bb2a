"""Assets by key, with the project's service key: bytes, list, delete, sign, diagnose (apply 10.1 to 10.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.delivery import blob_headers
from sandbox.problems import Problem, bad_request, forbidden, not_found
from sandbox.release.asset_plan import public_label
from sandbox.store.assets import Asset
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

SORTS: dict[str, tuple[Callable[[Asset], Any], bool]] = {
    "key:asc": (lambda asset: asset.key, False),
    "createdAt:asc": (lambda asset: (asset.created_at, asset.key), False),
    "createdAt:desc": (lambda asset: (asset.created_at, asset.key), True),
}
FILTERS = {"uploaded_by", "tag", "format", "is_image", "min_width", "max_width", "min_height", "max_height"}
SHORTEST, LONGEST = 60, 604_800


def _own(call: Call, project: Project) -> Asset:
    asset = call.gateway.store.assets.get(project.id, call.path_param("key"))
    if asset is None:
        raise not_found("BLOB_NOT_FOUND", "The project has no asset of this key.")
    return asset


def read(call: Call) -> Response:
    """With the service key, or with an address that was signed."""
    signature = call.query("signature")
    project = _signed_for(call, signature) if signature else access.serviced_project(call)
    asset = _own(call, project)
    path = call.gateway.store.blobs.path(asset.sha256)
    response = FileResponse(path, headers=blob_headers(asset.sha256, "private"))
    response.headers["content-type"] = asset.content_type
    return response


def _signed_for(call: Call, signature: str) -> Project:
    expires, project_id = call.query("expires") or "", call.query("project") or ""
    good = expires.isdigit() and hmac.compare_digest(
        signature.encode(), _signature(call, project_id, call.path_param("key"), expires).encode()
    )
    if not good or int(expires) < call.gateway.clock.now():
        raise forbidden("This signed address is wrong or has ended.", code="SIGNED_URL_DENIED")
    project = call.gateway.store.projects.get(project_id)
    if project is None:
        raise not_found("BLOB_NOT_FOUND", "The project is gone.")
    return project


def _signature(call: Call, project_id: str, key: str, expires: str) -> str:
    secret = call.gateway.store.database.secret("upload_key")
    return hmac.new(secret, f"blob {project_id} {expires} {key}".encode(), hashlib.sha256).hexdigest()


def sign(call: Call) -> Response:
    project = access.serviced_project(call)
    asset, seconds = _own(call, project), call.json().get("ttl_seconds", 3600)
    if type(seconds) is not int or not SHORTEST <= seconds <= LONGEST:
        text = f"'ttl_seconds' is {SHORTEST} to {LONGEST}."
        raise bad_request("BAD_FIELD", text, field="ttl_seconds")
    expires = int(call.gateway.clock.now()) + seconds
    signature = _signature(call, project.id, asset.key, str(expires))
    query = f"project={project.id}&expires={expires}&signature={signature}"
    url = f"{call.origin}/storage/v1/blob/{quote(asset.key)}?{query}"
    return answer({"signed_url": url, "expires_at": iso(expires), "expires_in": seconds})


def delete(call: Call) -> Response:
    """At once and outside of releases; doing it twice is fine."""
    project = access.serviced_project(call)
    call.gateway.store.assets.remove(project.id, call.path_param("key"))
    return answer({"status": "deleted", "key": call.path_param("key")})


def listing(call: Call) -> Response:
    project = access.serviced_project(call)
    sort = call.query("sort") or "key:asc"
    if sort not in SORTS:
        raise bad_request("INVALID_SORT", f"'sort' is one of {', '.join(SORTS)}.", field="sort")
    limit = call.whole_number("limit", default=100, most=1000)
    order, backwards = SORTS[sort]
    found = call.gateway.store.assets.under(project.id, call.query("prefix") or "")
    found = sorted((asset for asset in found if _passes(call, asset)), key=order, reverse=backwards)
    start = _start(call.query("cursor"), sort)
    shown, rest = found[start : start + limit], found[start + limit :]
    cursor = base64.urlsafe_b64encode(json.dumps([sort, start + limit]).encode()).decode() if rest else None
    return answer({"blobs": [_row(asset) for asset in shown], "next_cursor": cursor})


def _start(cursor: str | None, sort: str) -> int:
    """A cursor is good for the order it was made in."""
    if cursor is None:
        return 0
    try:
        made_for, start = json.loads(base64.urlsafe_b64decode(cursor))
        if made_for == sort and type(start) is int and start >= 0:
            return start
    except (ValueError, TypeError):
        made_for = None
    raise bad_request("INVALID_CURSOR_FOR_SORT", "This cursor is not of this list.", field="cursor")


def _passes(call: Call, asset: Asset) -> bool:
    """Nothing here is measured, so no asset passes a filter of sizes."""
    given = {name[7:-1]: value for name, value in call.request.query_params.items() if name[:7] == "filter["}
    unknown = sorted(set(given) - FILTERS)
    if unknown:
        raise bad_request("INVALID_FILTER_KEY", f"There is no filter '{unknown[0]}'.", field=unknown[0])
    is_image = asset.content_type.startswith("image/")
    facts = {"is_image": str(is_image).lower(), "format": asset.content_type.partition("/")[2]}
    tags = (asset.metadata or {}).get("tag", (asset.metadata or {}).get("tags"))
    return all(
        value in (tags if isinstance(tags, list) else [tags]) if name == "tag" else facts.get(name) == value
        for name, value in given.items()
    )


def _row(asset: Asset) -> dict[str, Any]:
    return {
        "key": asset.key,
        "size_bytes": asset.size,
        "content_type": asset.content_type,
        "visibility": asset.visibility,
        "created_at": iso(asset.created_at),
        "metadata": asset.metadata,
    }


def diagnose(call: Call) -> Response:
    """There is no cache in between, so what is observed is what is expected."""
    project = access.serviced_project(call)
    url = call.query("url") or ""
    parts = urlsplit(url)
    if (parts.hostname or "").partition(".")[0] != public_label(project.id):
        raise Problem(403, "FORBIDDEN", "This address belongs to another project.", category="auth")
    key = unquote(parts.path.removeprefix("/_blob/"))
    asset, version = (store := call.gateway.store.assets).get(project.id, key), store.version(project.id, key)
    sha256 = asset.sha256 if asset else version[0] if version else None
    return answer(
        {
            "project_id": project.id,
            "key": key,
            "expected_sha256": sha256,
            "observed_sha256": sha256,
            "vantage": "sandbox",
            "probe_method": "GET_RANGE_0_0",
            "observed_at": iso(call.gateway.clock.now()),
            "probe_may_have_warmed_cache": False,
            "canonical_url": url,
            "path_kind": "blob-mutable" if asset else "blob-immutable",
            "cache": {"x_cache": None, "age_seconds": None, "cache_kind": None},
            "invalidation": {"id": None, "status": None},
            "hint": "",
        }
    )


_BLOB = "/storage/v1/blob/{key:path}"

routes = [
    Route("/storage/v1/blobs", endpoint(listing), methods=["GET"]),
    Route("/storage/v1/blobs/diagnose", endpoint(diagnose), methods=["GET"]),
    Route(f"{_BLOB}/sign", endpoint(sign), methods=["POST"]),
    Route(_BLOB, endpoint(read), methods=["GET"]),
    Route(_BLOB, endpoint(delete), methods=["DELETE"]),
]
