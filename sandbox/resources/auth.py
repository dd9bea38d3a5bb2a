"""Log-in for an app's own users: password, refresh, and the exchange after Google (seed 2, User Auth)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import iso
from sandbox.data import tokens
from sandbox.data.users import EmailTaken, User, Users
from sandbox.problems import Problem, bad_request, conflict, unauthorized
from sandbox.resources.callers import key_visitor, signed_in
from sandbox.store.projects import Project
from sandbox.web import Call, answer, endpoint

SHORTEST_PASSWORD = 6
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


def users_of(call: Call, project: Project) -> Users:
    return Users(call.gateway.store.databases.open(project.id))


def read_email(value: object) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise bad_request("BAD_FIELD", "'email' must be an e-mail address.", field="email")
    return value.strip().lower()


def sign_up(call: Call) -> Response:
    """Makes the account; it does not sign in."""
    project = key_visitor(call)
    email, password = read_email(call.json().get("email")), call.text("password")
    if len(password) < SHORTEST_PASSWORD:
        text = f"A password has at least {SHORTEST_PASSWORD} characters."
        raise bad_request("WEAK_PASSWORD", text, field="password")
    try:
        user = users_of(call, project).sign_up(email, password, now=call.gateway.clock.now())
    except EmailTaken as error:
        raise conflict("USER_EXISTS", "There is an account with this e-mail address.") from error
    return answer(profile(user), 201)


def profile(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "display_name": user.display_name,
        "avatar_url": user.avatar_url,
        "email_verified_at": iso(user.email_verified_at),
        "identities": [{"provider": user.provider, "email": user.email}],
        "created_at": iso(user.created_at),
    }


def token(call: Call) -> Response:
    project = key_visitor(call)
    grant = call.query("grant_type") or call.json().get("grant_type")
    if grant not in _GRANTS:
        text = f"'grant_type' must be one of {', '.join(_GRANTS)}."
        raise bad_request("UNSUPPORTED_GRANT_TYPE", text, field="grant_type")
    user = _GRANTS[grant](call, users_of(call, project))
    return answer(_session(call, project, user))


def _session(call: Call, project: Project, user: User) -> dict[str, Any]:
    now = call.gateway.clock.now()
    secret = tokens.secret_of(call.gateway.store.databases.open(project.id))
    access = tokens.issue(secret, user_id=user.id, email=user.email, project_id=project.id, now=now)
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": tokens.LIFETIME,
        "refresh_token": users_of(call, project).refresh_token(user.id, now=now),
        "user": profile(user),
    }


def _by_password(call: Call, users: Users) -> User:
    email, password = read_email(call.json().get("email")), call.text("password")
    user = users.by_email(email)
    if user and user.password is None:
        text = "This account signs in with Google and has no password."
        raise Problem(400, "PASSWORD_LOGIN_UNAVAILABLE", text, category="auth", hint="Sign in with Google.")
    if user is None or not user.accepts(password):
        raise Problem(401, "INVALID_CREDENTIALS", "E-mail address or password is wrong.", category="auth")
    return user


def _by_refresh(call: Call, users: Users) -> User:
    user = users.redeem(call.text("refresh_token"), now=call.gateway.clock.now())
    if user is None:
        raise Problem(401, "INVALID_REFRESH_TOKEN", "This refresh token is used or expired.", category="auth")
    return user


def _by_code(call: Call, users: Users) -> User:
    verifier = call.text("code_verifier")
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    user = users.exchange(call.text("code"), challenge, now=call.gateway.clock.now())
    if user is None:
        raise Problem(
            400, "INVALID_GRANT", "This code is used, expired or of another browser.", category="auth"
        )
    return user


_GRANTS = {"password": _by_password, "refresh_token": _by_refresh, "authorization_code": _by_code}


def me(call: Call) -> Response:
    return answer(profile(_account(call)))


def _account(call: Call) -> User:
    found = signed_in(call)
    user = users_of(call, found.project).get(found.caller.uid or "")
    if user is None:
        raise unauthorized("This account is gone.")
    return user


def providers(call: Call) -> Response:
    key_visitor(call)
    return answer(
        {"password": {"enabled": True}, "google": {"enabled": True}, "providers": ["password", "google"]}
    )


def log_out(call: Call) -> Response:
    """Ends every refresh token of the user; the access token lives out its hour."""
    found = signed_in(call)
    users_of(call, found.project).log_out(found.caller.uid or "")
    return Response(status_code=204)


routes = [
    Route("/auth/v1/signup", endpoint(sign_up), methods=["POST"]),
    Route("/auth/v1/token", endpoint(token), methods=["POST"]),
    Route("/auth/v1/user", endpoint(me), methods=["GET"]),
    Route("/auth/v1/providers", endpoint(providers), methods=["GET"]),
    Route("/auth/v1/logout", endpoint(log_out), methods=["POST"]),
]
