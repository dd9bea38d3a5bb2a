"""A project with tables, and the people who use its app."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sandbox.sandbox_player import Owned

SCHEMA = """
CREATE TABLE posts (id serial PRIMARY KEY, title text NOT NULL, body jsonb, stars int DEFAULT 0, live boolean);
CREATE TABLE notes (id serial PRIMARY KEY, owner_id uuid NOT NULL, text text NOT NULL UNIQUE);
CREATE TABLE board (id serial PRIMARY KEY, text text);
CREATE TABLE dark (id serial PRIMARY KEY);
"""
MANIFEST: dict[str, Any] = {
    "version": "1",
    "tables": [
        {"name": "posts", "expose": True, "policy": "public_read_authenticated_write"},
        {
            "name": "notes",
            "expose": True,
            "policy": "user_owns_rows",
            "owner_column": "owner_id",
            "force_owner_on_insert": True,
        },
        {
            "name": "board",
            "expose": True,
            "policy": "public_read_write_UNRESTRICTED",
            "i_understand_this_is_unrestricted": True,
        },
        {"name": "dark", "expose": False},
    ],
    "views": [{"name": "titles", "base": "posts", "select": ["title"], "filter": "live AND stars > 1"}],
}


class App:
    """The app's own API, with the keys of its project."""

    def __init__(self, project: Owned) -> None:
        self.project = project

    def ask(
        self, method: str, path: str, *, token: str | None = None, prefer: str = "", **arguments: Any
    ) -> httpx.Response:
        headers = {"apikey": self.project.anon_key, **arguments.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if prefer:
            headers["Prefer"] = prefer
        player = self.project.player
        return player.http.request(method, player.host + path, headers=headers, **arguments)

    def rows(self, path: str, **arguments: Any) -> list[dict[str, Any]]:
        response = self.ask("GET", f"/rest/v1/{path}", **arguments)
        assert response.is_success, response.text
        return list(response.json())

    def insert(self, table: str, body: Any, *, token: str | None = None, prefer: str = "") -> httpx.Response:
        wanted = ", ".join(filter(None, ("return=representation", prefer)))
        return self.ask("POST", f"/rest/v1/{table}", token=token, prefer=wanted, json=body)

    def sign_up(self, email: str) -> httpx.Response:
        return self.ask("POST", "/auth/v1/signup", json={"email": email, "password": "correct horse"})

    def log_in(self, email: str) -> dict[str, Any]:
        body = {"email": email, "password": "correct horse"}
        response = self.ask("POST", "/auth/v1/token?grant_type=password", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def person(self, name: str) -> str:
        """The access token of a new user."""
        assert self.sign_up(f"{name}@example.com").status_code == 201
        return str(self.log_in(f"{name}@example.com")["access_token"])


def app_of(project: Owned) -> App:
    admin = f"/projects/v1/admin/{project.id}"
    assert project.serviced("POST", f"{admin}/sql", content=SCHEMA).status_code == 200
    exposed = project.serviced("POST", f"{admin}/expose", json=MANIFEST)
    assert exposed.status_code == 200, exposed.text
    return App(project)
