"""GET /health and GET /status (identity 5.4)."""

from __future__ import annotations

import time

from starlette.responses import Response
from starlette.routing import Route

from sandbox.web import Call, answer, endpoint

VERSION = "sandbox"
CAPABILITIES = ["x402", "siwx", "blob", "sites", "promote", "sql", "rest", "auth"]


def health(call: Call) -> Response:
    """503 when the thread that moves operations has died."""
    works = call.gateway.machine.is_alive()
    checks = {"store": "ok", "operations": "ok" if works else "stopped"}
    body = {"status": "healthy" if works else "degraded", "checks": checks, "version": VERSION}
    return answer(body, 200 if works else 503)


def status(call: Call) -> Response:
    return answer(
        {
            "status": "ok",
            "uptime_seconds": int(time.time() - call.gateway.started_at),
            "deployment": {"version": VERSION},
            "capabilities": CAPABILITIES,
            "operator": {"name": "Run402 sandbox on this computer", "contact": "local"},
        }
    )


routes = [Route("/health", endpoint(health)), Route("/status", endpoint(status))]
