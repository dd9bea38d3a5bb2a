"""Sign-in by the operator's issuer: who is let in, what is checked, and what a broken issuer reads like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from run402_panel import env
from teams.models import Session, Team, User
from tests.teams import issuer as issuers
from tests.teams import steps
from tests.teams.issuer import CLIENT, SECRET, Issuer

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer(settings: Settings) -> Iterator[Issuer]:
    cache.clear()
    with issuers.running() as issuer:
        settings.OIDC_ISSUER = issuer.url
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
        settings.OIDC_NAME = "Acme"
        yield issuer
    cache.clear()


def _walk(client: Client, issuer: Issuer, begin: str = "/accounts/oidc/") -> Any:
    """Go to the issuer and come back."""
    return client.get(issuer.authorize(client.get(begin)["Location"]))


def _sentence(client: Client, answer: Any) -> str:
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    return str(client.get("/accounts/login/").content.decode())


def test_it_is_off_until_configured(client: Client) -> None:
    assert "/accounts/oidc/" not in client.get("/accounts/login/").content.decode()
    assert client.get("/accounts/oidc/").status_code == 404
    assert client.get("/accounts/oidc/back?state=x&code=y").status_code == 404


def test_somebody_who_exists_is_signed_in(client: Client, issuer: Issuer, alice: User) -> None:
    issuer.claims["email"] = "Alice@Example.com"
    page = client.get("/accounts/login/?next=/projects/").content.decode()
    assert 'href="/accounts/oidc/?next=/projects/"' in page
    assert "Sign in with Acme" in page
    back = _walk(client, issuer, "/accounts/oidc/?next=/projects/")
    assert (back.status_code, back["Location"]) == (302, "/projects/")
    assert client.get("/projects/").status_code == 200
    assert Session.objects.get(user=alice).how == "oidc"
    assert issuer.asked == ["/.well-known/openid-configuration", "/token", "/keys"]


def test_nobody_gets_an_account_by_it(client: Client, issuer: Issuer, alice: User) -> None:
    issuer.claims["email"] = "new@example.com"
    assert "Nobody here has the address new@example.com." in _sentence(client, _walk(client, issuer))
    assert User.objects.count() == 1


def test_a_closed_account_stays_closed(client: Client, issuer: Issuer, alice: User) -> None:
    User.objects.update(is_active=False)
    _walk(client, issuer)
    assert client.get("/activity/").status_code == 302


@pytest.mark.parametrize("verified", [False, None, "false", 0])
def test_an_email_that_is_not_verified_opens_nothing(
    client: Client, issuer: Issuer, alice: User, verified: object
) -> None:
    issuer.claims["email_verified"] = verified
    assert "Acme does not vouch for your e-mail." in _sentence(client, _walk(client, issuer))


def test_the_email_may_come_from_the_user_info(client: Client, issuer: Issuer, alice: User) -> None:
    issuer.claims = {}
    issuer.userinfo = {"sub": "1", "email": alice.email, "email_verified": True}
    assert _walk(client, issuer)["Location"] == "/"
    issuer.userinfo["sub"] = "2"
    other = Client()
    assert "speaks of somebody else" in _sentence(other, _walk(other, issuer))


def test_the_panels_own_second_factor_is_still_asked(client: Client, issuer: Issuer, alice: User) -> None:
    steps.give_app(alice)
    assert _walk(client, issuer)["Location"] == "/accounts/login/second"
    assert client.post("/accounts/login/second", {"code": steps.code_of()})["Location"] == "/"


def test_unless_the_operator_trusts_the_issuers(
    client: Client, issuer: Issuer, alice: User, settings: Settings
) -> None:
    settings.OIDC_TRUST_MFA = True
    Team.objects.update(require_two_factor=True)
    steps.give_app(alice)
    assert _walk(client, issuer)["Location"] == "/"
    assert client.get("/projects/").status_code == 200
    other = Client()
    assert steps.sign_in(other, alice)["Location"] == "/accounts/login/second"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
    ],
)
def test_an_id_token_that_does_not_hold_opens_nothing(
    client: Client, issuer: Issuer, alice: User, wrong: dict[str, Any]
) -> None:
    issuer.token = wrong
    assert "Sign-in by Acme does not work now: its ID token" in _sentence(client, _walk(client, issuer))
    assert client.get("/activity/").status_code == 302


def test_another_signature_opens_nothing(client: Client, issuer: Issuer, alice: User) -> None:
    issuer.signer = rsa.generate_private_key(65537, 2048)
    assert "its ID token does not hold" in _sentence(client, _walk(client, issuer))
    issuer.algorithm = "HS256"
    assert "its ID token does not hold" in _sentence(client, _walk(client, issuer))


def test_the_way_back_belongs_to_this_browser_and_works_once(
    client: Client, issuer: Issuer, alice: User
) -> None:
    back = issuer.authorize(client.get("/accounts/oidc/")["Location"])
    stranger = Client()
    assert stranger.get(back).status_code == 404
    stranger.get("/accounts/oidc/")
    assert "was begun elsewhere" in _sentence(stranger, stranger.get(back))
    assert client.get(back)["Location"] == "/"
    client.post("/accounts/logout/")
    assert client.get(back).status_code == 404


def test_the_code_of_the_issuer_stands_in_no_log(
    client: Client, issuer: Issuer, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    _walk(client, issuer)
    [code] = issuer.given
    assert code not in caplog.text


def test_what_the_issuer_refuses_is_a_sentence(client: Client, issuer: Issuer, alice: User) -> None:
    client.get("/accounts/oidc/")
    refused = client.get("/accounts/oidc/back?error=access_denied&state=x")
    assert "Acme did not let you in. Try again there." in _sentence(client, refused)


def test_a_wrong_secret_is_a_sentence(
    client: Client, issuer: Issuer, alice: User, settings: Settings
) -> None:
    settings.OIDC_CLIENT_SECRET = "issuer-secret-2"
    page = _sentence(client, _walk(client, issuer))
    assert "it answers 400" in page
    assert "issuer-secret" not in page


def test_a_dead_issuer_is_a_sentence(client: Client, settings: Settings) -> None:
    cache.clear()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "http://127.0.0.1:9", CLIENT
    settings.OIDC_NAME = "Acme"
    page = _sentence(client, client.get("/accounts/oidc/"))
    assert "Sign-in by Acme does not work now: ConnectError. Try again later" in page


@pytest.mark.parametrize(
    "part", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
def test_only_the_issuer_itself_is_reached(
    client: Client, issuer: Issuer, alice: User, settings: Settings, part: str
) -> None:
    issuer.document = {part: "https://169.254.169.254/latest"}
    assert "which PANEL_OIDC_HOSTS does not name" in _sentence(client, client.get("/accounts/oidc/"))
    settings.OIDC_HOSTS = ("169.254.169.254",)
    assert client.get("/accounts/oidc/").status_code == 302


def test_another_issuer_in_the_document_is_refused(client: Client, issuer: Issuer) -> None:
    issuer.document = {"issuer": "https://evil.example"}
    assert "names another issuer" in _sentence(client, client.get("/accounts/oidc/"))


@pytest.mark.parametrize("text", ["ftp://x", "issuer.example", "https://x/?a=b"])
def test_a_wrong_issuer_stops_the_start(text: str) -> None:
    with pytest.raises(SystemExit, match="PANEL_OIDC_ISSUER"):
        env.issuer(text, local=True)


def test_production_wants_https() -> None:
    with pytest.raises(SystemExit, match="https"):
        env.issuer("http://issuer.example", local=False)
    assert env.issuer("https://issuer.example/", local=False) == "https://issuer.example/"
