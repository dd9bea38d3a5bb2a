"""Secrets of a project, by name (apply 6). Values reach functions as environment variables and nobody else."""

from __future__ import annotations

import re

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access
from sandbox.clock import iso
from sandbox.problems import bad_request, not_found
from sandbox.release import limits
from sandbox.store.projects import Project
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
    _check_count(call, project, key)
    call.gateway.store.secrets.put(project.id, key, value, now=call.gateway.clock.now())
    return answer({"status": "set", "key": key})


def _check_count(call: Call, project: Project, key: str) -> None:
    """A new name needs room in the tier, which all projects of the account share (identity 4.4). Raises Problem."""
    store = call.gateway.store
    if key in store.secrets.keys(project.id):
        return
    tier = limits.tier_of(store, project)
    held = sum(len(store.secrets.keys(one.id)) for one in store.projects.owned_by(project.owner))
    if held >= tier.secrets:
        raise limits.exceeded("TIER_LIMIT_EXCEEDED", "secrets", held + 1, tier, tier.secrets)


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
