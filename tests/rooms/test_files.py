"""A release's files in a real browser: a picture is drawn, anything else is saved, and no cookie takes part."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished

pytestmark = pytest.mark.rooms

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCRIPT = b"<script>document.title = 'it ran'</script>"


def test_pictures_open_and_pages_are_saved(owner_page: Page, furnished: Furnished, tmp_path: Path) -> None:
    page = owner_page
    site = {
        "index.html": SCRIPT,
        "art/dot.png": PNG,
        "art/dot.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    project = steps.make_live_project(page, "pictures", site, tmp_path)
    page.goto(f"{project}/releases")
    page.locator(f"main a[href^='{project}/releases/']:not([href*=diff])").first.click()
    expect(page.locator("#files")).to_be_visible()

    answers: list[Response] = []
    page.context.on("response", lambda answer: _keep(answers, answer))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open art/dot.png").click()
    picture = opened.value
    picture.wait_for_load_state()
    assert picture.evaluate("document.images[0].naturalWidth") == 1
    raw = next(answer for answer in answers if "/raw/" in answer.url and answer.status == 200)
    headers = raw.headers
    assert (headers["content-security-policy"], "set-cookie" in headers) == (
        "sandbox; default-src 'none'",
        False,
    )
    picture.close()

    for name, content in (("index.html", SCRIPT), ("art/dot.svg", site["art/dot.svg"])):
        with page.expect_download() as saved:
            page.get_by_role("link", name=f"Download {name}").click()
        assert (saved.value.suggested_filename, Path(saved.value.path()).read_bytes()) == (
            name.rpartition("/")[2],
            content,
        )
    assert page.title() != "it ran"


def _keep(answers: list[Response], answer: Response) -> None:
    answers.append(answer)


def test_cookies_are_tied_to_the_host(owner_page: Page) -> None:
    owner_page.goto("/")
    cookies = {
        cookie["name"]: (cookie["secure"], cookie["httpOnly"]) for cookie in owner_page.context.cookies()
    }
    assert cookies == {"__Host-sessionid": (True, True), "__Host-csrftoken": (True, True)}
