"""What a gateway says about an address without serving it (apply 3.6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sandbox.release import routing, static
from sandbox.release.paths import is_public_path
from sandbox.release.router import Found, Router
from sandbox.release.state import File, ReleaseState
from sandbox.store.blobs import Blobs
from sandbox.store.releases import Release

_STATUS = {"method_not_static": 405}


def host_missing(hostname: str) -> dict[str, Any]:
    return _verdict(hostname, 404, "host_missing", authorized=False, fallback="unavailable")


def resolve(
    release: Release, blobs: Blobs, *, hostname: str, path: str, method: str, binding: str
) -> dict[str, Any]:
    """The verdict for a host that shows `release`. `binding` names the host's claim."""
    state = ReleaseState.from_json(release.state)
    facts = _facts(release, state, binding)
    if not is_public_path(path):
        verdict = _verdict(hostname, 400, "path_error", authorized=False, fallback="path_error")
        return {**verdict, "authorization_result": "path_error", **facts, "error_code": "PATH_ERROR"}
    router = Router(state)
    found = router.find(unquote(path), method)
    return {
        **_outcome(hostname, found, router, blobs),
        **facts,
        "normalized_path": path,
        **_route(found),
        **_static(found, router, blobs),
        **({"allow": list(found.allow)} if found.allow else {}),
    }


def _verdict(hostname: str, result: int, match: str, *, authorized: bool, fallback: str) -> dict[str, Any]:
    return {
        "hostname": hostname,
        "result": result,
        "match": match,
        "authorized": authorized,
        "fallback_state": fallback,
    }


def _facts(release: Release, state: ReleaseState, binding: str) -> dict[str, Any]:
    return {
        "host_binding_id": binding,
        "binding_status": "active",
        "channel": "production",
        "project_id": release.project_id,
        "release_id": release.id,
        "release_generation": release.generation,
        "route_manifest_sha256": routing.manifest_sha256(state.routes),
        "static_manifest_sha256": static.manifest_sha256(state),
        "static_manifest_metadata": static.metadata(state),
    }


def _outcome(hostname: str, found: Found, router: Router, blobs: Blobs) -> dict[str, Any]:
    """Whether it would be served, with the bytes looked at where a file is meant."""
    verdict = "not_applicable"
    if found.address:
        verdict = _object_verdict(router.file(found.address), blobs)
    elif found.match == "none":
        verdict = "not_public"
    if verdict not in ("authorized", "not_applicable"):
        result = 503 if found.address else _STATUS.get(found.fallback, 404)
    else:
        result = 405 if found.match == "route_method_miss" else 200
    granted = result == 200
    body = _verdict(hostname, result, found.match, authorized=granted, fallback=found.fallback)
    return {**body, "authorization_result": verdict}


def _object_verdict(file: File, blobs: Blobs) -> str:
    actual = blobs.size(file.sha256)
    if actual is None:
        return "missing_cas_object"
    return "authorized" if actual == file.size else "size_mismatch"


def _route(found: Found) -> dict[str, Any]:
    route = found.route
    if route is None:
        return {"route": None}
    methods = None if route.methods is None else list(route.methods)
    named = {"target_name": route.function} if route.function else {"target_file": route.file}
    return {
        "route": {"pattern": route.pattern, "methods": methods, "target": route.target},
        "route_pattern": route.pattern,
        "target_type": route.target["type"],
        **named,
    }


def _static(found: Found, router: Router, blobs: Blobs) -> dict[str, Any]:
    address = found.address
    if address is None:
        return {}
    file = router.file(address)
    actual = blobs.size(file.sha256)
    return {
        "asset_path": address.asset_path,
        "reachability_authority": address.authority,
        "direct": address.direct,
        "static_sha256": file.sha256,
        "content_type": file.content_type,
        "cache_class": address.cache_class,
        "cache_policy": static.cache_control(address.cache_class),
        "cas_object": {
            "sha256": file.sha256,
            "exists": actual is not None,
            "expected_size": file.size,
            "actual_size": actual,
        },
    }
