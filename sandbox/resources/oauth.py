"""Sign-in with Google, offline: a consent page of the sandbox stands where Google's would (seed 2, Google OAuth)."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.data.users import EmailTaken, SignIn, Users
from sandbox.problems import Problem, bad_request, not_found
from sandbox.resources.auth import read_email, users_of
from sandbox.resources.callers import key_visitor
from sandbox.settings import APPS_SUFFIX
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_CONSENT = "/auth/v1/oauth/google/consent"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in with the sandbox's Google</title>
<meta name="viewport" content="width=device-width"></head>
<body><h1>Sign in with the sandbox's Google</h1>
<p>This is not Google: it plays its part on this computer. <b>{app}</b> asks who you are.</p>
<form method="post" action="{action}">
<input type="hidden" name="project" value="{project}"><input type="hidden" name="state" value="{state}">
<p><label>E-mail <input name="email" type="email" required value="alice@example.com"></label></p>
<p><label>Name <input name="name" required value="Alice Example"></label></p>
<p><button name="answer" value="yes">Continue</button>
<button name="answer" value="no" formnovalidate>Cancel</button></p>
</form></body></html>
"""


def start(call: Call) -> Response:
    project = key_visitor(call)
    body = call.json()
    redirect = call.text("redirect_url", most=2048)
    if body.get("mode", "redirect") != "redirect":
        raise bad_request("BAD_FIELD", "The sandbox knows the mode 'redirect' only.", field="mode")
    challenge = body.get("code_challenge")
    if not isinstance(challenge, str) or not _CHALLENGE.fullmatch(challenge):
        raise bad_request(
            "BAD_FIELD", "'code_challenge' must be a base64url SHA-256.", field="code_challenge"
        )
    if body.get("code_challenge_method") != "S256":
        raise bad_request("BAD_FIELD", "'code_challenge_method' must be S256.", field="code_challenge_method")
    _check_redirect(call, project, redirect)
    begun = users_of(call, project).begin(redirect, challenge, now=call.gateway.clock.now())
    query = urlencode({"project": project.id, "state": begun.state})
    return answer({"authorization_url": f"{call.origin}{_CONSENT}?{query}", "state": begun.state})


def _check_redirect(call: Call, project: Project, redirect: str) -> None:
    """Back to localhost on any port, or to a name that the project claimed."""
    parts = urlsplit(redirect)
    label = (parts.hostname or "").removesuffix(APPS_SUFFIX)
    names = {subdomain.name for subdomain in call.gateway.store.subdomains.of_project(project.id)}
    if parts.scheme != "http" or parts.username or not (parts.hostname == "localhost" or label in names):
        text = "Sign-in may go back to http://localhost or to a subdomain of the project only."
        raise Problem(400, "REDIRECT_NOT_ALLOWED", text, field="redirect_url")


def consent(call: Call) -> Response:
    project, _users, waiting = _waiting(call, call.query("project"), call.query("state"))
    page = _PAGE.format(
        app=html.escape(urlsplit(waiting.redirect_url).netloc),
        action=_CONSENT,
        project=html.escape(project.id),
        state=html.escape(waiting.state),
    )
    return Response(page, headers=_HEADERS, media_type="text/html")


def _waiting(call: Call, project_id: str | None, state: str | None) -> tuple[Project, Users, SignIn]:
    project = call.gateway.store.projects.get(project_id or "")
    users = users_of(call, project) if project else None
    waiting = users.waiting(state or "", now=call.gateway.clock.now()) if users else None
    if project is None or users is None or waiting is None:
        raise not_found("SIGN_IN_NOT_FOUND", "This sign-in is over; start again in the app.")
    return project, users, waiting


def decide(call: Call) -> Response:
    fields = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    _project, users, waiting = _waiting(call, fields.get("project"), fields.get("state"))
    if fields.get("answer") == "no":
        users.refuse(waiting.state)
        return _back(waiting, error="access_denied")
    now = call.gateway.clock.now()
    try:
        user = users.with_google(read_email(fields.get("email")), name=fields.get("name", "")[:128], now=now)
    except EmailTaken:
        users.refuse(waiting.state)
        return _back(waiting, error="account_exists_requires_link")
    return _back(waiting, code=users.consent(waiting.state, user))


def _back(waiting: SignIn, **fields: str) -> Response:
    """To the app, with the answer in the fragment, which no server sees."""
    base = waiting.redirect_url.partition("#")[0]
    return RedirectResponse(
        f"{base}#{urlencode({**fields, 'state': waiting.state})}", 303, {"Cache-Control": "no-store"}
    )


routes = [
    Route("/auth/v1/oauth/google/start", endpoint(start), methods=["POST"]),
    Route(_CONSENT, endpoint(consent), methods=["GET"]),
    Route(_CONSENT, endpoint(decide), methods=["POST"]),
]
