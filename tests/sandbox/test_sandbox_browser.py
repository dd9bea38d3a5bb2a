"""The documents' own examples, deployed to the sandbox and used from a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import needs
from tests.sandbox.sandbox_http import Http
from tests.sandbox.sandbox_pages import (
    GUESTBOOK_EXPOSE,
    GUESTBOOK_SQL,
    NOTES_EXPOSE,
    NOTES_SQL,
    guestbook_page,
    notes_page,
)
from tests.sandbox.sandbox_player import Player
from tools import machine

pytestmark = needs.chromium


@pytest.fixture(scope="session", autouse=True)
def _async_unsafe() -> Iterator[None]:
    """Playwright's synchronous API runs an event loop, which makes Django refuse the ORM without this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": machine.chromium_path(), "args": sandbox}


@pytest.fixture
def guestbook_url(alice: Player, http: Http) -> str:
    project = alice.project("guestbook")
    operation = project.deploy(
        {"index.html": guestbook_page(http.origin, project.anon_key)},
        database={"migrations": [{"id": "001", "sql": GUESTBOOK_SQL}], "expose": GUESTBOOK_EXPOSE},
        subdomains={"set": ["guests"]},
    )
    return str(operation["urls"]["site"])


@pytest.fixture
def notes_url(alice: Player, http: Http) -> str:
    project = alice.project("notes")
    operation = project.deploy(
        {"index.html": notes_page(http.origin, project.anon_key)},
        database={"migrations": [{"id": "001", "sql": NOTES_SQL}], "expose": NOTES_EXPOSE},
        subdomains={"set": ["notes"]},
    )
    return str(operation["urls"]["site"])


def sign(page: Page, name: str, message: str) -> None:
    page.get_by_placeholder("Name").fill(name)
    page.get_by_placeholder("Message").fill(message)
    page.get_by_role("button", name="Sign").click()


def enter(page: Page, url: str, email: str, button: str) -> None:
    page.goto(url)
    page.get_by_placeholder("E-mail").fill(email)
    page.get_by_placeholder("Password").fill("correct horse")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#who")).to_have_text(f"Signed in as {email}")


def add(page: Page, text: str) -> None:
    page.get_by_placeholder("Note").fill(text)
    page.get_by_role("button", name="Add").click()


def test_guestbook_keeps_what_visitors_write(guestbook_url: str, page: Page, browser: Browser) -> None:
    page.goto(guestbook_url)
    expect(page.locator("body[data-ready='0']")).to_be_visible()
    sign(page, "Alice", "Lovely place")
    expect(page.get_by_role("listitem")).to_have_text(["Alice: Lovely place"])
    sign(page, "Bob", "I was here, too")
    expect(page.get_by_role("listitem")).to_have_text(["Bob: I was here, too", "Alice: Lovely place"])
    with browser.new_context() as other:
        visitor = other.new_page()
        visitor.goto(guestbook_url)
        expect(visitor.get_by_role("listitem")).to_have_text(["Bob: I was here, too", "Alice: Lovely place"])
    assert page.locator("#problem").text_content() == ""


def test_everybody_sees_their_own_notes_only(notes_url: str, page: Page, browser: Browser) -> None:
    enter(page, notes_url, "alice@example.com", "Sign up")
    add(page, "Buy milk")
    expect(page.get_by_role("listitem")).to_have_text(["Buy milk (open)"])
    with browser.new_context() as other:
        theirs = other.new_page()
        enter(theirs, notes_url, "bob@example.com", "Sign up")
        expect(theirs.get_by_role("listitem")).to_have_count(0)
        add(theirs, "Call home")
        expect(theirs.get_by_role("listitem")).to_have_text(["Call home (open)"])
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("listitem")).to_have_text(["Buy milk (open)"])
    enter(page, notes_url, "bob@example.com", "Log in")
    expect(page.get_by_role("listitem")).to_have_text(["Call home (open)"])


def test_strangers_cannot_add_notes(notes_url: str, page: Page) -> None:
    page.goto(notes_url)
    add(page, "Not mine")
    expect(page.locator("#problem")).to_have_text(
        '42501: new row violates row-level security policy for table "notes"'
    )


def test_google_signs_in_without_leaving_this_computer(notes_url: str, page: Page) -> None:
    page.goto(notes_url)
    page.get_by_role("button", name="Sign in with Google").click()
    expect(page.get_by_role("heading")).to_have_text("Sign in with the sandbox's Google")
    page.get_by_label("E-mail").fill("charlie@example.com")
    page.get_by_label("Name").fill("Charlie")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#who")).to_have_text("Signed in as Charlie")
    assert page.url == f"{notes_url}/"
    add(page, "From Google")
    expect(page.get_by_role("listitem")).to_have_text(["From Google (open)"])


def test_cancelling_at_google_leads_back_to_the_app(notes_url: str, page: Page) -> None:
    page.goto(notes_url)
    page.get_by_role("button", name="Sign in with Google").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#problem")).to_have_text("access_denied")


def test_google_does_not_take_over_a_password_account(notes_url: str, page: Page) -> None:
    enter(page, notes_url, "alice@example.com", "Sign up")
    page.get_by_role("button", name="Sign in with Google").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#problem")).to_have_text("account_exists_requires_link")
