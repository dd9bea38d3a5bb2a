"""Log-in for an app's own users, by password and through the stand-in for Google."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.sandbox_data import App
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player

VERIFIER = "a-verifier-of-the-app-that-nobody-else-knows"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def app(guestbook: Owned) -> App:
    return App(guestbook)


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, str(response.json()["code"])


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def begin(app: App, **changes: Any) -> Any:
    body = {
        "redirect_url": "http://localhost:5173/",
        "mode": "redirect",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return app.ask("POST", "/auth/v1/oauth/google/start", json=body)


def decide(app: App, **fields: str) -> dict[str, str]:
    """Answer the consent page; what the app finds in its fragment."""
    query = parse_qs(urlsplit(begin(app).json()["authorization_url"]).query)
    form = {
        "project": query["project"][0],
        "state": query["state"][0],
        "answer": "yes",
        "name": "Alice",
        **fields,
    }
    response = app.ask("POST", "/auth/v1/oauth/google/consent", data=form)
    assert response.status_code == 303, response.text
    found = parse_qs(urlsplit(response.headers["location"]).fragment)
    assert found.pop("state") == query["state"]
    return {name: values[0] for name, values in found.items()}


def exchange(app: App, code: str, verifier: str = VERIFIER) -> Any:
    body = {"code": code, "code_verifier": verifier}
    return app.ask("POST", "/auth/v1/token?grant_type=authorization_code", json=body)


def test_signing_up_does_not_log_in(app: App) -> None:
    made = app.sign_up("Alice@Example.com")
    assert (made.status_code, made.json()["email"]) == (201, "alice@example.com")
    assert "access_token" not in made.text
    assert "correct horse" not in made.text
    assert refusal(app.sign_up("alice@example.com")) == (409, "USER_EXISTS")


def test_logging_in_gives_tokens_of_this_project(app: App) -> None:
    app.sign_up("alice@example.com")
    session = app.log_in("alice@example.com")
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    found = claims(session["access_token"])
    assert (found["sub"], found["role"], found["project_id"]) == (
        session["user"]["id"],
        "authenticated",
        app.project.id,
    )
    me = app.ask("GET", "/auth/v1/user", token=session["access_token"])
    assert (me.status_code, me.json()) == (200, session["user"])
    assert session["user"]["identities"] == [{"provider": "password", "email": "alice@example.com"}]


def test_wrong_passwords_and_unknown_people_sound_the_same(app: App) -> None:
    app.sign_up("alice@example.com")
    for email, password in (("alice@example.com", "wrong"), ("bob@example.com", "correct horse")):
        body = {"email": email, "password": password}
        response = app.ask("POST", "/auth/v1/token?grant_type=password", json=body)
        assert refusal(response) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "no address", "password": "correct horse"}, "BAD_FIELD"),
        ({"email": "alice@example.com"}, "BAD_FIELD"),
        ({"email": "alice@example.com", "password": "short"}, "WEAK_PASSWORD"),
    ],
)
def test_sign_up_checks_what_it_is_given(app: App, body: dict[str, str], code: str) -> None:
    assert refusal(app.ask("POST", "/auth/v1/signup", json=body)) == (400, code)


def test_refresh_tokens_work_once(app: App) -> None:
    app.sign_up("alice@example.com")
    first = app.log_in("alice@example.com")
    body = {"refresh_token": first["refresh_token"]}
    second = app.ask("POST", "/auth/v1/token?grant_type=refresh_token", json=body)
    assert (second.status_code, second.json()["user"]) == (200, first["user"])
    again = app.ask("POST", "/auth/v1/token?grant_type=refresh_token", json=body)
    assert refusal(again) == (401, "INVALID_REFRESH_TOKEN")


def test_logging_out_ends_refresh_tokens(app: App) -> None:
    app.sign_up("alice@example.com")
    session = app.log_in("alice@example.com")
    assert app.ask("POST", "/auth/v1/logout", token=session["access_token"]).status_code == 204
    body = {"refresh_token": session["refresh_token"]}
    refreshed = app.ask("POST", "/auth/v1/token?grant_type=refresh_token", json=body)
    assert refusal(refreshed) == (401, "INVALID_REFRESH_TOKEN")


def test_access_tokens_end_after_an_hour(app: App, http: Http) -> None:
    token = app.person("alice")
    http.turn(do="clock", seconds=3601)
    response = app.ask("GET", "/auth/v1/user", token=token)
    assert (response.status_code, response.json()["message"]) == (401, "JWT expired")


def test_changed_tokens_are_refused(app: App) -> None:
    head, body, signature = app.person("alice").split(".")
    forged = (
        base64.urlsafe_b64encode(json.dumps({**claims(f".{body}."), "sub": "x"}).encode())
        .decode()
        .rstrip("=")
    )
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for token in (f"{head}.{forged}.{signature}", f"{none}.{body}.", f"{head}.{body}."):
        assert app.ask("GET", "/auth/v1/user", token=token).status_code == 401


def test_users_belong_to_one_project(app: App, bob: Player) -> None:
    app.sign_up("alice@example.com")
    other = App(bob.project("other"))
    body = {"email": "alice@example.com", "password": "correct horse"}
    response = other.ask("POST", "/auth/v1/token?grant_type=password", json=body)
    assert refusal(response) == (401, "INVALID_CREDENTIALS")


def test_passwords_are_not_kept(app: App, tmp_path: Path) -> None:
    app.sign_up("alice@example.com")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data" / "databases").iterdir())
    assert b"alice@example.com" in kept
    assert b"correct horse" not in kept


def test_providers_are_listed(app: App) -> None:
    assert app.ask("GET", "/auth/v1/providers").json()["providers"] == ["password", "google"]


def test_unknown_grants_are_named(app: App) -> None:
    response = app.ask("POST", "/auth/v1/token?grant_type=magic", json={})
    assert refusal(response) == (400, "UNSUPPORTED_GRANT_TYPE")


def test_google_makes_a_user_and_knows_them_again(app: App) -> None:
    first = exchange(app, decide(app, email="alice@example.com")["code"]).json()
    second = exchange(app, decide(app, email="alice@example.com")["code"]).json()
    assert first["user"] == second["user"]
    assert (first["user"]["display_name"], first["user"]["identities"][0]["provider"]) == ("Alice", "google")
    assert first["user"]["email_verified_at"] is not None
    me = app.ask("GET", "/auth/v1/user", token=first["access_token"])
    assert me.json() == first["user"]


def test_a_code_is_good_once_and_for_its_verifier_only(app: App) -> None:
    code = decide(app, email="alice@example.com")["code"]
    assert refusal(exchange(app, code, "another verifier")) == (400, "INVALID_GRANT")
    assert refusal(exchange(app, code)) == (400, "INVALID_GRANT")


def test_google_users_have_no_password(app: App) -> None:
    decide(app, email="alice@example.com")
    body = {"email": "alice@example.com", "password": "correct horse"}
    response = app.ask("POST", "/auth/v1/token?grant_type=password", json=body)
    assert refusal(response) == (400, "PASSWORD_LOGIN_UNAVAILABLE")


def test_password_accounts_are_not_merged(app: App) -> None:
    app.sign_up("alice@example.com")
    assert decide(app, email="alice@example.com") == {"error": "account_exists_requires_link"}


def test_a_refused_sign_in_is_over(app: App) -> None:
    url = begin(app).json()["authorization_url"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    path = "/auth/v1/oauth/google/consent"
    assert app.ask("GET", path, params=query).status_code == 200
    assert app.ask("POST", path, data={**query, "answer": "no"}).status_code == 303
    assert refusal(app.ask("GET", path, params=query)) == (404, "SIGN_IN_NOT_FOUND")


@pytest.mark.parametrize(
    "redirect_url",
    [
        "https://evil.example/",
        "http://other.localhost:8402/",
        "http://localhost@evil.example/",
        "javascript:alert(1)",
    ],
)
def test_sign_in_goes_back_to_known_places_only(app: App, redirect_url: str) -> None:
    assert refusal(begin(app, redirect_url=redirect_url)) == (400, "REDIRECT_NOT_ALLOWED")


def test_sign_in_may_go_back_to_the_projects_subdomain(app: App, http: Http) -> None:
    app.project.deploy({"index.html": b"<h1>Hi</h1>"}, subdomains={"set": ["guests"]})
    assert begin(app, redirect_url=http.app("guests")).status_code == 200


def test_the_challenge_must_be_one(app: App) -> None:
    assert refusal(begin(app, code_challenge="short")) == (400, "BAD_FIELD")
    assert refusal(begin(app, code_challenge_method="plain")) == (400, "BAD_FIELD")
