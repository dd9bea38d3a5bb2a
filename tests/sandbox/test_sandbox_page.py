from __future__ import annotations

import re

from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_player import Owned, Player


def test_page_of_an_empty_sandbox_says_so(http: Http) -> None:
    page = http.get("/").text
    assert "No wallet was funded yet." in page
    assert "No project was made yet." in page
    assert "{{" not in page


def test_page_shows_wallets_projects_apps_and_requests(http: Http, guestbook: Owned) -> None:
    guestbook.deploy({"index.html": b"hi"}, subdomains={"set": ["guests"]})
    page = http.get("/").text
    assert guestbook.player.address in page
    assert f'<a href="{http.app("guests", "")}" rel="noreferrer">' in page
    assert "prototype (active)" in page
    assert "GET /tiers/v1/status" not in page
    assert "/apply/v1/plans" in page


def test_page_escapes_what_people_typed(http: Http, alice: Player) -> None:
    alice.project("<script>alert(1)</script>")
    page = http.get("/").text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_page_shows_no_key_and_no_signed_address(http: Http, guestbook: Owned) -> None:
    guestbook.deploy({"index.html": b"hi"})
    page = http.get("/").text
    assert guestbook.anon_key not in page
    assert guestbook.service_key not in page
    assert "signature=" not in page
    assert re.search(r"/uploads/v1/<", page)


def test_page_lives_with_a_strict_policy(http: Http) -> None:
    response = http.get("/")
    assert "style-src 'self'" in response.headers["content-security-policy"]
    assert "style=" not in response.text
    css = http.get("/_sandbox/page.css")
    assert (css.status_code, css.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "light-dark(" in css.text
