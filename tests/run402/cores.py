"""A small Core over real HTTP, written from the contract alone (apply 2.14): what it refuses, and how it says so."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROJECT = "prj_1"
CAPABILITIES = {
    "subdomains": "subdomains.managed",
    "checks": "checks",
}


class Core:
    """The state of the stub: staged bytes, plans, the live release, and every request with its headers."""

    def __init__(self) -> None:
        self.staged: dict[str, bytes] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.live: dict[str, Any] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.deferred = False

    def plan(self, body: dict[str, Any]) -> tuple[int, Any]:
        spec = body.get("spec", body)
        for part, capability in CAPABILITIES.items():
            if spec.get(part) is not None:
                return 422, {"error": "unsupported_capability", "message": "No.", "capability": capability}
        functions = spec.get("functions", {}).get("replace", {})
        if set(self.live.get("functions", {})) - set(functions):
            return 422, {"error": "invalid_function_bundle", "message": "Restate them.", "details": {}}
        if any("sql" not in item for item in spec.get("database", {}).get("migrations", [])):
            return 409, {"error": "migration_sql_required", "message": "Inline, please."}
        plan_id = f"plan_{len(self.plans) + 1}"
        digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        self.plans[plan_id] = {"spec": spec, "digest": digest}
        return 201, {
            "plan_id": plan_id, "project_id": PROJECT, "release_spec_digest": digest, "base_release_id": None,
            "target_release_id": f"rel_{digest[:24]}", "noop": False, "status": "planned",
        }  # fmt: skip

    def commit(self, plan_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        plan = self.plans.get(plan_id)
        if plan is None:
            return 404, {"error": "plan_not_found", "message": "No such plan."}
        if body.get("release_spec_digest") not in (None, plan["digest"]):
            return 409, {"error": "release_spec_digest_mismatch", "message": "Another spec was planned."}
        if any(digest not in self.staged for digest in _digests(plan["spec"])):
            return 409, {"error": "content_digest_missing", "message": "Stage the bytes first."}
        self.live = {"functions": plan["spec"].get("functions", {}).get("replace", {})}
        state = (
            {"status": "deferred", "deferred_reason": "Later."} if self.deferred else {"status": "committed"}
        )
        return 200, {
            "plan_id": plan_id, "project_id": PROJECT, "release_id": f"rel_{plan['digest'][:24]}", **state,
        }  # fmt: skip

    def stage(self, body: dict[str, Any]) -> tuple[int, Any]:
        content = base64.b64decode(body["bytes_base64"], validate=True)
        if (hashlib.sha256(content).hexdigest(), len(content)) != (body["sha256"], body["size"]):
            return 400, {"error": "invalid_request", "message": "Digest or size is wrong."}
        self.staged[body["sha256"]] = content
        return 201, {"staged": True, "sha256": body["sha256"], "size_bytes": len(content)}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        if (method, path) == ("POST", "/projects/v1"):
            return 201, {"project_id": PROJECT, "anon_key": "anon", "service_key": "service"}
        if (method, path) == ("GET", "/capabilities/v1"):
            return 200, {"core": "1.0"}
        if (method, path) == ("POST", "/apply/v1/plans"):
            return self.plan(body)
        if method == "POST" and parts[:3] == ["apply", "v1", "plans"] and parts[-1] == "commit":
            return self.commit(parts[3], body)
        if (method, path) == ("POST", f"/projects/v1/{PROJECT}/content"):
            return self.stage(body)
        if (method, path) == ("GET", f"/projects/v1/{PROJECT}"):
            return 200, {"anon_key": "anon", "endpoints": {"site": "http://site.example"}}
        return 404, {"error": "not_found", "message": "Not found."}


def _digests(spec: dict[str, Any]) -> list[str]:
    site = spec.get("site", {}).get("replace", {})
    functions = spec.get("functions", {}).get("replace", {})
    return [ref["sha256"] for ref in (*site.values(), *(item["source"] for item in functions.values()))]


@contextlib.contextmanager
def running(core: Core) -> Iterator[str]:
    """The address of ``core``, served for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            core.requests.append((self.command, self.path, headers))
            status, document = core.answer(self.command, self.path, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
