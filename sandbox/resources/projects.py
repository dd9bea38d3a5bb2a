"""Projects: provision, list, read, delete, usage (apply 1)."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import access, lease
from sandbox.chain import is_address
from sandbox.clock import iso
from sandbox.idempotency import once
from sandbox.ids import new_id
from sandbox.lease import TIERS
from sandbox.problems import Problem, bad_request, forbidden
from sandbox.release.planner import live_state
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

NAME_LENGTH = 128


def provision(call: Call) -> Response:
    wallet = access.wallet(call)
    body = call.json()
    tier, name = body.get("tier"), body.get("name", "")
    if tier is not None and tier not in TIERS:
        raise bad_request(
            "UNKNOWN_TIER", f"There is no such tier; choose one of {', '.join(TIERS)}.", field="tier"
        )
    if not isinstance(name, str) or len(name) > NAME_LENGTH or _has_control(name):
        text = f"A project's name has at most {NAME_LENGTH} characters and no control characters."
        raise bad_request("BAD_PROJECT_NAME", text, field="name")
    return once(call, wallet, lambda: _provision(call, wallet, name))


def _has_control(name: str) -> bool:
    return any(unicodedata.category(letter) == "Cc" for letter in name)


def _provision(call: Call, wallet: str, name: str) -> Response:
    store, now = call.gateway.store, call.gateway.clock.now()
    if not lease.is_active(store.accounts.get(wallet), now):
        raise _no_tier()
    project = store.projects.create(
        project_id=new_id("prj"),
        owner=wallet,
        name=name,
        anon_key=f"anon_{secrets.token_urlsafe(24)}",
        service_key=f"service_{secrets.token_urlsafe(32)}",
        now=now,
    )
    return answer(
        {
            "project_id": project.id,
            "anon_key": project.anon_key,
            "service_key": project.service_key,
            "schema_slot": project.schema_slot,
            "active_release_id": None,
        }
    )


def _no_tier() -> Problem:
    return Problem(
        402,
        "PAYMENT_REQUIRED",
        "This wallet has no active tier, so it cannot have projects.",
        category="payment",
        hint="Set a tier first: POST /tiers/v1/prototype.",
        next_actions=("renew_tier",),
    )


def list_by_wallet(call: Call) -> Response:
    address = call.path_param("wallet")
    if not is_address(address):
        raise bad_request("BAD_FIELD", "That is no wallet address.", field="wallet")
    wallet = access.wallet(call)
    if wallet.lower() != address.lower():
        raise forbidden("Only the wallet itself may list its projects.")
    rows = [_summary(call, project) for project in call.gateway.store.projects.owned_by(wallet)]
    return answer({"wallet": address.lower(), "projects": rows})


def list_mine(call: Call) -> Response:
    """The newer list (apply 1.4); everything fits on one page here."""
    wallet = access.wallet(call)
    rows = [_summary(call, project) for project in call.gateway.store.projects.owned_by(wallet)]
    return answer({"projects": rows, "has_more": False, "next_cursor": None})


def read(call: Call) -> Response:
    """The newer read (apply 1.4), which never contains keys."""
    wallet = access.wallet(call)
    project = access.owned_project(call, wallet, call.path_param("id"))
    release = call.gateway.store.releases.get(project.active_release_id or "")
    deploy = {"release_id": release.id, "activated_at": iso(release.activated_at)} if release else None
    row = _summary(call, project)
    return answer({**row, "project_id": project.id, "last_deploy": deploy, "usage": _usage(call, project)})


def _summary(call: Call, project: Project) -> dict[str, Any]:
    usage = _usage(call, project)
    names = [subdomain.name for subdomain in call.gateway.store.subdomains.of_project(project.id)]
    return {
        "id": project.id,
        "name": project.name,
        "tier": usage["tier"],
        "status": usage["status"],
        "effective_status": usage["status"],
        "api_calls": usage["api_calls"],
        "storage_bytes": usage["storage_bytes"],
        "lease_expires_at": usage["lease_expires_at"],
        "site_url": call.gateway.settings.app_url(names[0]) if names else None,
        "created_at": iso(project.created_at),
    }


def usage(call: Call) -> Response:
    return answer(_usage(call, access.serviced_project(call, call.path_param("id"))))


def _usage(call: Call, project: Project) -> dict[str, Any]:
    account = call.gateway.store.accounts.get(project.owner)
    tier = TIERS[account.tier or "prototype"]
    return {
        "project_id": project.id,
        "tier": tier.name,
        "api_calls": project.api_calls + call.gateway.activity.unwritten(project.id),
        "api_calls_limit": tier.api_calls,
        "storage_bytes": live_state(call.gateway.store, project).bytes(),
        "storage_limit_bytes": tier.storage_bytes,
        "lease_expires_at": iso(account.lease_expires_at),
        "status": lease.lifecycle(account, call.gateway.clock.now()),
    }


def delete(call: Call) -> Response:
    project = access.serviced_project(call, call.path_param("id"))
    call.gateway.store.projects.delete(project.id, now=call.gateway.clock.now())
    call.gateway.store.databases.forget(project.id)
    return Response(status_code=204)


routes = [
    Route("/projects/v1", endpoint(provision), methods=["POST"]),
    Route("/projects/v1", endpoint(list_mine), methods=["GET"]),
    Route("/projects/v1/admin/{id}/usage", endpoint(usage), methods=["GET"]),
    Route("/projects/v1/{id}", endpoint(delete), methods=["DELETE"]),
    Route("/projects/v1/{id}", endpoint(read), methods=["GET"]),
    Route("/wallets/v1/{wallet}/projects", endpoint(list_by_wallet), methods=["GET"]),
]
