"""Who may call a function: `requireAuth` and `requireRole`, checked before it starts (apply 2.3.4)."""

from __future__ import annotations

from starlette.datastructures import Headers

from sandbox.data import tokens
from sandbox.data.engine import ProjectDatabase
from sandbox.data.errors import SqlError
from sandbox.problems import Problem, forbidden
from sandbox.release.state import Function


def identity(
    function: Function, headers: Headers, database: ProjectDatabase, *, now: float
) -> dict[str, str]:
    """The headers that tell the function who calls; empty where it has no gate. Raises Problem (401, 403)."""
    if not function.require_auth and not function.require_role:
        return {}
    user_id = _user(headers, database, now)
    if not function.require_role:
        return {"x-run402-user-id": user_id, "x-run402-user-role": "authenticated"}
    role = _role(function, database, user_id)
    allowed = function.require_role["allowed"]
    if role not in allowed:
        text = "The signed-in user has none of the roles that this function asks for."
        raise forbidden(
            text, code="ROLE_FORBIDDEN", allowed_roles=allowed, details={"allowed_roles": allowed}
        )
    return {"x-run402-user-id": user_id, "x-run402-user-role": str(role)}


def _user(headers: Headers, database: ProjectDatabase, now: float) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _sign_in("This function is for signed-in users.")
    try:
        return str(tokens.verify(tokens.secret_of(database), token.strip(), now=now)["sub"])
    except tokens.BadToken as error:
        raise _sign_in(f"The access token is not good: {error}.") from error


def _sign_in(message: str) -> Problem:
    return Problem(401, "AUTHENTICATION_REQUIRED", message, category="auth", next_actions=("authenticate",))


def _role(function: Function, database: ProjectDatabase, user_id: str) -> object:
    """The user's role in the table that the gate names; the names were checked to be plain ones."""
    gate = function.require_role or {}
    sql = f'SELECT "{gate["role_column"]}" AS role FROM "{gate["table"]}" WHERE "{gate["id_column"]}" = ?'  # noqa: S608 # nosec B608 - plain names
    try:
        with database.transaction():
            rows = database.run(sql, (user_id,)).rows
    except SqlError as error:
        text = f"The role table of the function '{function.name}' cannot be read: {error}."
        raise Problem(500, "ROLE_LOOKUP_FAILED", text, category="deploy") from error
    return rows[0]["role"] if rows else None
