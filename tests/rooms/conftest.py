"""Browser paths walk the real stack (web, worker, sandbox) in Debian's Chromium.

    @pytest.mark.rooms
    def test_owner_makes_a_wallet(owner_page: Page) -> None: ...

A console error, a script error or a violation of the content security policy fails the test that met it.
What a path expects of that kind (a 404 page, say) it appends to `expected_errors`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect

from tests import needs
from tests.rooms import steps
from tests.rooms.people import OWN, make_people
from tests.rooms.sandbox import Outside
from tools import machine
from tools.sites import site
from tools.stack import Owner, Stack

Enter = Callable[..., Page]
#: Further people by name, and what they are: in the first owner's team, or in one of their own.
ROLES = {
    "alice": ("owner",),
    "olive": ("owner",),
    "oscar": ("owner",),
    "erin": ("admin",),
    "grace": ("developer", OWN),
    "henry": ("billing",),
    "dora": ("viewer",),
    "charlie": (OWN,),
    "frank": (OWN,),
}

#: Set by `make test` when it runs all tests: the browser walks the main paths, and what is seen in two widths and two
#: themes is seen in each of them once. `make rooms`, and whoever names paths, walks everything.
MAIN_PATHS = "ROOMS_MAIN_PATHS"
#: Paths beside the main ones: troubles, and what few people do or do once. Their services are tested without a browser.
BESIDE = {
    "test_account",
    "test_custody",
    "test_deploy_sources",
    "test_deploy_trouble",
    "test_files",
    "test_leaving",
    "test_mail",
    "test_money_trouble",
    "test_outages",
    "test_review",
    "test_roles",
    "test_security",
    "test_stops",
}
PHONE = 390

ARGUMENTS = [
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

expect.set_options(timeout=30_000)  # a page may be slow on a machine that is busy with other tests


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "rooms" in item.keywords:
            item.add_marker(needs.chromium)
    if os.environ.get(MAIN_PATHS):
        more = {
            item for item in items if "rooms" in item.keywords and (item.path.stem in BESIDE or repeats(item))
        }
        config.hook.pytest_deselected(items=more)
        items[:] = [item for item in items if item not in more]


def repeats(item: pytest.Item) -> bool:
    """Say whether each width and each theme is seen without this path: no layout asks for the theme."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    view: dict[str, Any] = item.callspec.params
    return {"width", "scheme"} <= set(view) and (view["width"] > PHONE) != (view["scheme"] == "light")


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
def seen_errors(expected_errors: list[str]) -> Iterator[list[str]]:
    """What the consoles of this path's pages complained of; anything unexpected fails it."""
    seen: list[str] = []
    yield seen
    assert [line for line in seen if not any(part in line for part in expected_errors)] == []


@pytest.fixture
def page(page: Page, seen_errors: list[str]) -> Page:
    return _watched(page, seen_errors)


@pytest.fixture(scope="session", autouse=True)
def patient_pages() -> Iterator[None]:
    """Go elsewhere once more when a page's own reload came in between: a person would press again."""
    at_once = Page.goto

    def goto(page: Page, url: str, **options: Any) -> Any:
        try:
            return at_once(page, url, **options)
        except Error as error:
            if not any(words in str(error) for words in ("ERR_ABORTED", "interrupted by another navigation")):
                raise
            page.wait_for_load_state()
            return at_once(page, url, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Page, "goto", goto)
        yield


def _watched(page: Page, seen: list[str]) -> Page:
    page.on("console", lambda message: seen.append(_text(message)) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.append(_script_error(error)))
    return page


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


@pytest.fixture(scope="session")
def people(stack: Stack) -> dict[str, Owner]:
    """Everybody who can sign in, by name."""
    assert stack.owner is not None
    return {"owner": stack.owner, **make_people(stack, ROLES)}


@pytest.fixture
def enter(
    browser: Browser,
    browser_context_args: dict[str, Any],
    people: dict[str, Owner],
    seen_errors: list[str],
) -> Iterator[Enter]:
    """Sign somebody in with a browser of their own: `enter("dora")`; `scripts=False` turns JavaScript off."""
    with contextlib.ExitStack() as contexts:

        def open_for(name: str, *, scripts: bool = True) -> Page:
            settings = {**browser_context_args, "java_script_enabled": scripts}
            page = contexts.enter_context(browser.new_context(**settings)).new_page()
            log_in(page, people[name])
            return _watched(page, seen_errors)

        yield open_for


@pytest.fixture
def outside(stack: Stack) -> Iterator[Outside]:
    """The sandbox from outside, with every knob back in place afterwards."""
    outside = Outside(stack)
    yield outside
    outside.clear()


@dataclass(frozen=True)
class Furnished:
    """The paths of a wallet with a tier and money, and of a project with a release; its app is called “views”."""

    wallet: str
    project: str

    @property
    def new_deploy(self) -> str:
        return f"/deploys/new?project={self.project.rsplit('/', 1)[1]}"


@pytest.fixture(scope="session")
def furnished(
    browser: Browser,
    browser_context_args: dict[str, Any],
    owner_cookies: list[Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Furnished:
    """What most paths start from, made once."""
    with browser.new_context(**browser_context_args) as context:
        context.add_cookies(owner_cookies)
        page = context.new_page()
        wallet = steps.make_wallet(page, "Studio")
        steps.ask_faucet(page, wallet)
        steps.pay_for_tier(page, wallet)
        project = steps.make_project(page, "views", wallet)
        steps.upload(page, project, site(1), tmp_path_factory.mktemp("views"), subdomain="views")
        steps.confirm(page)
        return Furnished(wallet, project)


@pytest.fixture(scope="session")
def unaddressed(
    browser: Browser, browser_context_args: dict[str, Any], owner_cookies: list[Any], furnished: Furnished
) -> str:
    """The path of a project that nothing was deployed to."""
    with browser.new_context(**browser_context_args) as context:
        context.add_cookies(owner_cookies)
        return steps.make_project(context.new_page(), "unaddressed")


@pytest.fixture(scope="session")
def troubled(
    browser: Browser,
    browser_context_args: dict[str, Any],
    owner_cookies: list[Any],
    furnished: Furnished,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The path of a live project for deploys that stop half-way: what hangs there holds up nobody else."""
    with browser.new_context(**browser_context_args) as context:
        context.add_cookies(owner_cookies)
        folder = tmp_path_factory.mktemp("troubled")
        return steps.make_live_project(context.new_page(), "troubled", site(1), folder)
