"""The users of one app: accounts, refresh tokens, and sign-ins with Google on their way (seed 2, User Auth)."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.data import passwords
from sandbox.data.engine import ProjectDatabase

REFRESH_SECONDS = 30 * 86400
CODE_SECONDS = 300
_TABLES = """
CREATE TABLE IF NOT EXISTS run402_users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password TEXT, provider TEXT NOT NULL, display_name TEXT,
  avatar_url TEXT, email_verified_at REAL, created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS run402_refresh (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS run402_oauth (
  state TEXT PRIMARY KEY, redirect_url TEXT NOT NULL, challenge TEXT NOT NULL, code_digest TEXT UNIQUE,
  user_id TEXT, expires_at REAL NOT NULL)
"""


class EmailTaken(Exception):
    """Another account has this address."""


@dataclass(frozen=True)
class User:
    id: str
    email: str
    password: str | None = field(repr=False)
    provider: str
    display_name: str | None
    avatar_url: str | None
    email_verified_at: float | None
    created_at: float

    def accepts(self, password: str) -> bool:
        return self.password is not None and passwords.matches(password, self.password)


@dataclass(frozen=True)
class SignIn:
    """A sign-in with Google that waits for consent."""

    state: str
    redirect_url: str


class Users:
    def __init__(self, database: ProjectDatabase) -> None:
        self._database = database
        with database.transaction():
            for text in _TABLES.split(";"):
                database.run(text)

    def sign_up(self, email: str, password: str, *, now: float) -> User:
        """Raises EmailTaken."""
        return self._create(email, now=now, provider="password", password=passwords.hashed(password))

    def with_google(self, email: str, *, name: str, now: float) -> User:
        """The account of a Google user, made at the first visit. Raises EmailTaken for a password account."""
        known = self.by_email(email)
        if known is None:
            return self._create(email, now=now, provider="google", display_name=name, email_verified_at=now)
        if known.provider != "google":
            raise EmailTaken(email)
        return known

    def _create(self, email: str, *, now: float, provider: str, **fields: Any) -> User:
        user = User(
            id=str(uuid.uuid4()),
            email=email.lower(),
            password=fields.get("password"),
            provider=provider,
            display_name=fields.get("display_name"),
            avatar_url=None,
            email_verified_at=fields.get("email_verified_at"),
            created_at=now,
        )
        with self._database.transaction():
            if self._one("email = :value", user.email):
                raise EmailTaken(email)
            values = vars(user)
            places = ", ".join(f":{name}" for name in values)
            self._database.run(f"INSERT INTO run402_users ({', '.join(values)}) VALUES ({places})", values)  # noqa: S608
        return user

    def by_email(self, email: str) -> User | None:
        with self._database.transaction():
            return self._one("email = :value", email.lower())

    def get(self, user_id: str) -> User | None:
        with self._database.transaction():
            return self._one("id = :value", user_id)

    def _one(self, condition: str, value: str) -> User | None:
        text = f"SELECT * FROM run402_users WHERE {condition}"  # noqa: S608 - own words
        rows = self._database.run(text, {"value": value}).rows
        return User(**rows[0]) if rows else None

    def refresh_token(self, user_id: str, *, now: float) -> str:
        token = secrets.token_urlsafe(32)
        with self._database.transaction():
            values = (_digest(token), user_id, now + REFRESH_SECONDS)
            self._database.run("INSERT INTO run402_refresh VALUES (?, ?, ?)", values)
        return token

    def redeem(self, token: str, *, now: float) -> User | None:
        """Whose refresh token this is; it is used up."""
        with self._database.transaction():
            text = "DELETE FROM run402_refresh WHERE digest = ? RETURNING user_id, expires_at"
            rows = self._database.run(text, (_digest(token),)).rows
            good = [row["user_id"] for row in rows if row["expires_at"] > now]
            return self._one("id = :value", good[0]) if good else None

    def log_out(self, user_id: str) -> None:
        with self._database.transaction():
            self._database.run("DELETE FROM run402_refresh WHERE user_id = ?", (user_id,))

    def begin(self, redirect_url: str, challenge: str, *, now: float) -> SignIn:
        state = secrets.token_urlsafe(24)
        with self._database.transaction():
            self._database.run("DELETE FROM run402_oauth WHERE expires_at < ?", (now,))
            values = (state, redirect_url, challenge, now + CODE_SECONDS)
            self._database.run("INSERT INTO run402_oauth VALUES (?, ?, ?, NULL, NULL, ?)", values)
        return SignIn(state, redirect_url)

    def waiting(self, state: str, *, now: float) -> SignIn | None:
        with self._database.transaction():
            text = (
                "SELECT state, redirect_url FROM run402_oauth"
                " WHERE state = ? AND code_digest IS NULL AND expires_at > ?"
            )
            rows = self._database.run(text, (state, now)).rows
        return SignIn(**rows[0]) if rows else None

    def consent(self, state: str, user: User) -> str:
        """The code that the app exchanges for tokens, once."""
        code = secrets.token_urlsafe(24)
        with self._database.transaction():
            values = (_digest(code), user.id, state)
            self._database.run("UPDATE run402_oauth SET code_digest = ?, user_id = ? WHERE state = ?", values)
        return code

    def refuse(self, state: str) -> None:
        with self._database.transaction():
            self._database.run("DELETE FROM run402_oauth WHERE state = ?", (state,))

    def exchange(self, code: str, challenge: str, *, now: float) -> User | None:
        """Whose code this is, if the challenge fits; it is used up either way."""
        with self._database.transaction():
            text = "DELETE FROM run402_oauth WHERE code_digest = ? RETURNING user_id, challenge, expires_at"
            rows = self._database.run(text, (_digest(code),)).rows
            good = [r["user_id"] for r in rows if r["challenge"] == challenge and r["expires_at"] > now]
            return self._one("id = :value", good[0]) if good else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
