"""Who is calling: a wallet by its sign-in proof, or a project by its key (apply 0.3)."""

from __future__ import annotations

from sandbox import lease
from sandbox.problems import Problem, forbidden, not_found, unauthorized
from sandbox.siwx import BadProof, verify
from sandbox.store.projects import Project
from sandbox.web import Call

HEADER = "SIGN-IN-WITH-X"


def wallet(call: Call) -> str:
    """The EIP-55 address that signed in. Raises a 402 without a payment challenge (identity 2.5)."""
    header = call.header(HEADER)
    if not header:
        raise _sign_in_required("no proof was sent")
    now = call.gateway.clock.proof_now()
    try:
        url = call.request.url
        proof = verify(header, host=call.header("host") or "", path=url.path, query=url.query, now=now)
    except BadProof as error:
        raise _sign_in_required(str(error)) from error
    fresh = call.gateway.store.proofs.claim(
        proof.address, proof.nonce, proof.uri, expires_at=proof.expires_at, now=now
    )
    if not fresh:
        raise _sign_in_required("its nonce was used for another address")
    return proof.address


def _sign_in_required(why: str) -> Problem:
    return Problem(
        402,
        "PAYMENT_REQUIRED",
        f"This call needs a wallet's {HEADER} proof: {why}.",
        category="payment",
        hint=f"Sign in again with a fresh {HEADER} header, and check the clock of this computer.",
        next_actions=("authenticate",),
    )


def owned_project(call: Call, address: str, project_id: str) -> Project:
    """A project of the wallet that signed in; a stranger's one looks like an unknown one."""
    project = call.gateway.store.projects.get(project_id)
    if project is None or project.owner != address.lower():
        raise not_found("PROJECT_NOT_FOUND", "This wallet has no such project.")
    call.gateway.activity.count(project.id)
    return project


def keyed_project(call: Call) -> Project:
    """The project whose anon or service key came along."""
    project = call.gateway.store.projects.by_key(_key(call))
    if project is None:
        raise unauthorized("This key belongs to no project.")
    call.gateway.activity.count(project.id)
    return project


def serviced_project(call: Call, project_id: str | None = None) -> Project:
    """The project whose service key came along; `project_id` is the one the path names, if it names one."""
    project = keyed_project(call)
    if project.service_key != _key(call):
        raise forbidden("This call needs the project's service key.")
    if project_id is not None and project.id != project_id:
        raise forbidden("The service key belongs to another project.")
    return project


def _key(call: Call) -> str:
    """A Bearer decides when both headers are there (identity 1.2)."""
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else call.header("apikey")
    if not key:
        raise unauthorized("This call needs a key of the project.")
    return key


def require_open(call: Call, project: Project) -> None:
    """Refuse changes to a project whose account's lease ended long ago (identity 4.4)."""
    account = call.gateway.store.accounts.get(project.owner)
    state = lease.lifecycle(account, call.gateway.clock.now())
    if state in ("frozen", "dormant"):
        raise Problem(
            403,
            f"PROJECT_{state.upper()}",
            f"The project is {state}: its tier's lease has ended.",
            category="lifecycle",
            next_actions=("renew_tier", "check_usage"),
            lifecycle_state=state,
        )
