"""PUT of announced bytes at a signed address, streamed to disk (apply 2.7).

Like presigned storage: no credential but the address itself, plain storage errors. An address is good for one body:
the same bytes may be put again while their plan is open, other bytes or a late attempt get 403.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.gateway import Gateway
from sandbox.problems import Problem, bad_request
from sandbox.store.content import Part
from sandbox.web import Call


def upload_url(call: Call, part: Part, expires_at: float) -> str:
    path = f"/uploads/v1/{part.plan_id}/{part.sha256}/{part.part_number}"
    expires = int(expires_at)
    return f"{call.origin}{path}?expires={expires}&signature={_signature(call.gateway, path, expires)}"


def _signature(gateway: Gateway, path: str, expires: int) -> str:
    key = gateway.store.database.secret("upload_key")
    return hmac.new(key, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()


async def put(request: Request) -> Response:
    gateway: Gateway = request.app.state.gateway
    part = await run_in_threadpool(_expected, gateway, request)
    arriving = gateway.store.blobs.new_part()
    try:
        digest = await _receive(request, part, arriving)
        _check_digest(request, part, digest)
        await run_in_threadpool(_keep, gateway, part, arriving, digest)
    finally:
        arriving.unlink(missing_ok=True)
    return Response(status_code=200, headers={"ETag": f'"{digest.hex()}"'})


def _expected(gateway: Gateway, request: Request) -> Part:
    expires = request.query_params.get("expires", "")
    signature = request.query_params.get("signature", "")
    if not expires.isascii() or not expires.isdigit():
        raise _denied("The address is not complete.")
    if not hmac.compare_digest(
        signature.encode(), _signature(gateway, request.url.path, int(expires)).encode()
    ):
        raise _denied("The signature of the address is wrong.")
    if int(expires) < gateway.clock.now():
        raise _denied("The address has expired; ask for a new content plan.")
    return _open_part(gateway, request)


def _open_part(gateway: Gateway, request: Request) -> Part:
    params = request.path_params
    content_plan = gateway.store.content.plan(params["plan"])
    part = gateway.store.content.part(params["plan"], params["sha256"], params["number"])
    if part is None or content_plan is None or content_plan.committed_at is not None:
        raise _denied("This upload is finished.")
    return part


def _denied(message: str) -> Problem:
    return Problem(403, "UPLOAD_DENIED", message, category="auth")


async def _receive(request: Request, part: Part, arriving: Path) -> bytes:
    """Write the body down and return its digest. Raises Problem when its length is not the announced one."""
    hasher, size = hashlib.sha256(), 0
    with arriving.open("wb") as out:
        async for chunk in request.stream():
            size += len(chunk)
            if size > part.length:
                break
            hasher.update(chunk)
            await run_in_threadpool(out.write, chunk)
    if size != part.length:
        text = f"This part has {part.length} bytes, and another number arrived."
        raise bad_request("CONTENT_SIZE_MISMATCH", text, details={"expected": part.length})
    return hasher.digest()


def _check_digest(request: Request, part: Part, digest: bytes) -> None:
    claimed = request.headers.get("x-amz-checksum-sha256")
    if claimed is not None and claimed != base64.b64encode(digest).decode():
        raise bad_request("CONTENT_DIGEST_MISMATCH", "The bytes do not match x-amz-checksum-sha256.")
    if part.length == part.size and digest.hex() != part.sha256:
        raise bad_request("CONTENT_DIGEST_MISMATCH", "The bytes are not the announced object.")


def _keep(gateway: Gateway, part: Part, arriving: Path, digest: bytes) -> None:
    store = gateway.store
    with store.transaction():
        known = store.content.part(part.plan_id, part.sha256, part.part_number)
        if known and known.received_sha256 not in (None, digest.hex()):
            raise _denied("Other bytes were put here before.")
        store.blobs.keep_part(arriving, part.plan_id, part.sha256, part.part_number)
        store.content.receive(part, digest.hex())


routes = [Route("/uploads/v1/{plan}/{sha256}/{number:int}", put, methods=["PUT"])]
