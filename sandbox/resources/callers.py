"""Who calls an app's own API: a stranger with the anon key, a signed-in user, or the project's service key."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.data import tokens
from sandbox.data.functions import Caller
from sandbox.problems import Problem, unauthorized
from sandbox.store.projects import Project
from sandbox.web import Call


@dataclass(frozen=True)
class Visitor:
    project: Project
    caller: Caller


def visitor(call: Call) -> Visitor:
    """From `apikey` and a Bearer; the Bearer decides the role (apply 1.6). Raises Problem."""
    apikey, bearer = call.header("apikey"), _bearer(call)
    project = _project(call, apikey, bearer)
    call.gateway.activity.count(project.id)
    return Visitor(project, _caller(call, project, bearer or apikey or ""))


def key_visitor(call: Call) -> Project:
    """The project of the key that came along, for calls that sign people in."""
    return visitor(call).project


def signed_in(call: Call) -> Visitor:
    """A visitor with an access token. Raises Problem."""
    found = visitor(call)
    if found.caller.uid is None:
        raise unauthorized("This call needs the access token of a signed-in user.")
    return found


def _bearer(call: Call) -> str | None:
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _project(call: Call, apikey: str | None, bearer: str | None) -> Project:
    for key in filter(None, (apikey, bearer)):
        project = call.gateway.store.projects.by_key(key)
        claimed = None if project else tokens.claimed_project(key)
        found = project or (call.gateway.store.projects.get(claimed) if claimed else None)
        if found:
            return found
    raise unauthorized("This call needs a key of the project as 'apikey'.")


def _caller(call: Call, project: Project, credential: str) -> Caller:
    if credential == project.service_key:
        return Caller("service_role")
    if credential == project.anon_key:
        return Caller("anon")
    secret = tokens.secret_of(call.gateway.store.databases.open(project.id))
    try:
        claims = tokens.verify(secret, credential, now=call.gateway.clock.now())
    except tokens.BadToken as error:
        text = str(error)
        raise Problem(401, "PGRST301", text, category="auth", next_actions=("authenticate",)) from error
    return Caller("authenticated", str(claims["sub"]))
