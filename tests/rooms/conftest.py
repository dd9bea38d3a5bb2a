"""Browser paths walk the real stack (web, worker, sandbox) in Debian's Chromium.

    @pytest.mark.rooms
    def test_owner_makes_a_wallet(owner_page: Page) -> None: ...

A console error, a script error or a violation of the content security policy fails the test that met it.
What a path expects of that kind (a 404 page, say) it appends to `expected_errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

from tests import needs
from tools import machine
from tools.stack import Owner, Stack

ARGUMENTS = [
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "rooms" in item.keywords:
            item.add_marker(needs.chromium)
            item.add_marker(pytest.mark.xdist_group("rooms"))  # one stack for all of them


@pytest.fixture(scope="session", autouse=True)
def _async_unsafe() -> Iterator[None]:
    """Playwright's synchronous API runs an event loop, which makes Django refuse the ORM without this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack.start(tmp_path_factory.mktemp("stack"), patience=1) as running:
        yield running


@pytest.fixture(scope="session")
def owner(stack: Stack) -> Owner:
    assert stack.owner is not None
    return stack.owner


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    own = {"executable_path": machine.chromium_path(), "args": [*ARGUMENTS, *sandbox]}
    return {**browser_type_launch_args, **own}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], stack: Stack) -> dict[str, Any]:
    return {**browser_context_args, "base_url": stack.url, "viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console messages that this path provokes on purpose."""
    return []


@pytest.fixture
def page(page: Page, expected_errors: list[str]) -> Iterator[Page]:
    seen: list[str] = []
    page.on("console", lambda message: seen.append(_text(message)) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.append(_script_error(error)))
    yield page
    assert [line for line in seen if not any(part in line for part in expected_errors)] == []


def _text(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location.get('url', '')})"


def _script_error(error: Error) -> str:
    return f"script error: {error.message}"


def log_in(page: Page, owner: Owner) -> None:
    """Sign in through the form, as a person does."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(owner.email)
    page.locator("input[name=password]").fill(owner.password)
    page.locator("form:has(input[name=password]) [type=submit]").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


@pytest.fixture(scope="session")
def owner_cookies(browser: Browser, browser_context_args: dict[str, Any], owner: Owner) -> list[Any]:
    with browser.new_context(**browser_context_args) as context:
        log_in(context.new_page(), owner)
        return list(context.cookies())


@pytest.fixture
def owner_page(page: Page, owner_cookies: list[Any]) -> Page:
    """A page of the first owner, signed in."""
    page.context.add_cookies(owner_cookies)
    return page
