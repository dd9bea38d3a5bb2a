"""Secrets of a project, by name (apply 6). Values reach functions as environment variables and nobody else."""

from __future__ import annotations

import re

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.problems import bad_request, not_found
from sandbox.web import Call, answer, endpoint

KEY = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
MOST_BYTES = 4096


def put(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    key, value = call.text("key"), call.json().get("value")
    if not KEY.fullmatch(key):
        raise bad_request(
            "BAD_FIELD", "A secret's name has capital letters, digits and underscores.", field="key"
        )
    if not isinstance(value, str) or len(value.encode()) > MOST_BYTES:
        raise bad_request(
            "BAD_FIELD", f"A secret's value is a text of at most {MOST_BYTES} bytes.", field="value"
        )
    call.gateway.store.secrets.put(project.id, key, value, now=call.gateway.clock.now())
    return answer({"status": "set", "key": key})


def listing(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    rows = [
        {"key": secret.key, "created_at": iso(secret.created_at), "updated_at": iso(secret.updated_at)}
        for secret in call.gateway.store.secrets.of_project(project.id)
    ]
    return answer({"secrets": rows})


def delete(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    key = call.path_param("key")
    if key not in call.gateway.store.secrets.keys(project.id):
        raise not_found("SECRET_NOT_FOUND", "The project has no secret of this name.")
    call.gateway.store.secrets.remove(project.id, [key])
    return answer({"status": "deleted", "key": key})


_PATH = "/projects/v1/admin/{id}/secrets"

routes = [
    Route(_PATH, endpoint(put), methods=["POST"]),
    Route(_PATH, endpoint(listing), methods=["GET"]),
    Route(f"{_PATH}/{{key}}", endpoint(delete), methods=["DELETE"]),
]
