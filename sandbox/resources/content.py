"""The content service: announce bytes, get addresses to put them at, commit (apply 2.7)."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import HOUR, iso
from sandbox.ids import new_id
from sandbox.problems import bad_request, conflict, not_found
from sandbox.resources.uploads import upload_url
from sandbox.store.blobs import DigestMismatch
from sandbox.store.content import ContentPlan, Part
from sandbox.web import Call, answer, endpoint

MOST_ITEMS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def plan(call: Call) -> Response:
    project = access.keyed_project(call)
    access.require_open(call, project)
    store, now = call.gateway.store, call.gateway.clock.now()
    sizes = _announced(call)
    missing = {
        sha256: size for sha256, size in sizes.items() if store.content.size(project.id, sha256) is None
    }
    content_plan = ContentPlan(new_id("cplan"), project.id, now + HOUR, None)
    parts = [part for item in missing.items() for part in _parts(call, content_plan.id, *item)]
    with store.transaction():
        store.content.create(content_plan, parts)
        store.operations.uploading(project.id, now=now)
    return answer(
        {
            "plan_id": content_plan.id,
            "expires_at": iso(content_plan.expires_at),
            "missing": [_upload(call, content_plan, sha256, parts) for sha256 in missing],
            "entries": [{"sha256": sha256, "missing": sha256 in missing} for sha256 in sizes],
        }
    )


def _announced(call: Call) -> dict[str, int]:
    items = call.json().get("content")
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise bad_request(
            "BAD_FIELD", f"'content' must be a list of at most {MOST_ITEMS} items.", field="content"
        )
    return dict(_item(item) for item in items)


def _item(item: object) -> tuple[str, int]:
    sha256 = item.get("sha256") if isinstance(item, dict) else None
    size = item.get("size") if isinstance(item, dict) else None
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256) or type(size) is not int or size < 0:
        raise bad_request("BAD_FIELD", "Each item is {sha256: 64 hex digits, size: bytes}.", field="content")
    return sha256, size


def _parts(call: Call, plan_id: str, sha256: str, size: int) -> list[Part]:
    """One part up to the limit, several above it; an empty object is one empty part."""
    step = call.gateway.settings.part_bytes
    starts = range(0, size, step) if size else range(1)
    return [
        Part(plan_id, sha256, number, size, start, min(start + step, size) - 1)
        for number, start in enumerate(starts, start=1)
    ]


def _upload(call: Call, content_plan: ContentPlan, sha256: str, parts: list[Part]) -> dict[str, Any]:
    own = [part for part in parts if part.sha256 == sha256]
    return {
        "sha256": sha256,
        "mode": "single" if len(own) == 1 else "multipart",
        "parts": [
            {
                "part_number": part.part_number,
                "url": upload_url(call, part, content_plan.expires_at),
                "byte_start": part.byte_start,
                "byte_end": part.byte_end,
            }
            for part in own
        ],
        "part_size_bytes": call.gateway.settings.part_bytes,
        "part_count": len(own),
        "upload_id": f"upl_{content_plan.id[6:]}_{sha256[:12]}",
        "staging_key": f"{content_plan.project_id}/{content_plan.id}/{sha256}",
        "expires_at": iso(content_plan.expires_at),
    }


def commit(call: Call) -> Response:
    """Promote what arrived. Doing it twice is harmless."""
    project = access.keyed_project(call)
    store = call.gateway.store
    content_plan = store.content.plan(call.path_param("id"))
    if content_plan is None or content_plan.project_id != project.id:
        raise not_found("PLAN_NOT_FOUND", "The project has no such content plan.")
    if content_plan.committed_at is None:
        _promote(call, content_plan)
    return answer({"plan_id": content_plan.id, "status": "committed"})


def _promote(call: Call, content_plan: ContentPlan) -> None:
    store = call.gateway.store
    objects: dict[str, list[Part]] = {}
    for part in store.content.parts(content_plan.id):
        objects.setdefault(part.sha256, []).append(part)
    for sha256, parts in objects.items():
        _require_arrived(sha256, parts)
        _assemble(call, sha256, parts)
    with store.transaction():
        for sha256, parts in objects.items():
            store.content.link(content_plan.project_id, sha256, parts[0].size)
        store.content.commit(content_plan.id, now=call.gateway.clock.now())


def _require_arrived(sha256: str, parts: list[Part]) -> None:
    waiting = [part.part_number for part in parts if part.received_sha256 is None]
    if waiting:
        raise conflict(
            "CONTENT_UPLOAD_FAILED",
            "Some bytes have not arrived; upload them and commit again.",
            retryable=True,
            details={"sha256": sha256, "missing_parts": waiting},
        )


def _assemble(call: Call, sha256: str, parts: list[Part]) -> None:
    blobs = call.gateway.store.blobs
    files = [blobs.part(part.plan_id, sha256, part.part_number) for part in parts]
    if blobs.has(sha256):
        blobs.discard(files)
        return
    try:
        blobs.assemble(files, sha256)
    except DigestMismatch as error:
        text = "The parts do not make up the announced object."
        raise bad_request("CONTENT_DIGEST_MISMATCH", text, details={"sha256": sha256}) from error


routes = [
    Route("/content/v1/plans", endpoint(plan), methods=["POST"]),
    Route("/content/v1/plans/{id}/commit", endpoint(commit), methods=["POST"]),
]
