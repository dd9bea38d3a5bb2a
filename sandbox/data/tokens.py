"""Access tokens of an app's users: JSON Web Tokens signed with the project's secret (HS256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from sandbox.data.engine import ProjectDatabase

LIFETIME = 3600
_HEADER = {"alg": "HS256", "typ": "JWT"}
_SECRET = "jwt_secret"  # noqa: S105 - the name of the setting


class BadToken(Exception):
    """No token of this project; the text says why."""


def secret_of(database: ProjectDatabase) -> str:
    """The project's signing secret, made on first use. Functions get it to check tokens themselves."""
    secret = database.setting(_SECRET)
    if secret is not None:
        return str(secret)
    with database.transaction():
        secret = database.setting(_SECRET)
        if secret is None:
            secret = secrets.token_hex(32)
            database.keep_setting(_SECRET, secret)
    return str(secret)


def issue(secret: str, *, user_id: str, email: str, project_id: str, now: float) -> str:
    claims = {
        "sub": user_id,
        "role": "authenticated",
        "email": email,
        "project_id": project_id,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
    }
    body = f"{_encoded(_HEADER)}.{_encoded(claims)}"
    return f"{body}.{_signature(secret, body)}"


def claimed_project(token: str) -> str | None:
    """The project that a token says it is for, unchecked; None for what is no token."""
    try:
        project_id = _decoded(token.split(".")[1])["project_id"]
    except (IndexError, KeyError, ValueError, TypeError):
        return None
    return project_id if isinstance(project_id, str) else None


def verify(secret: str, token: str, *, now: float) -> dict[str, Any]:
    """The claims of a good token. Raises BadToken."""
    body, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, body).encode()):
        raise BadToken("JWSError JWSInvalidSignature")
    try:
        header, claims = (_decoded(part) for part in body.split("."))
    except ValueError as error:
        raise BadToken("JWSError (CompactDecodeError)") from error
    if header.get("alg") != "HS256":
        raise BadToken("JWSError JWSInvalidSignature")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= now:
        raise BadToken("JWT expired")
    return claims


def _signature(secret: str, body: str) -> str:
    return _text(hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest())


def _encoded(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(part: str) -> dict[str, Any]:
    value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
