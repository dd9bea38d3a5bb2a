"""The gateway or the worker is gone for a while: the page says so, nothing is lost, and it goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tools.sites import site, zipped
from tools.stack import Stack

pytestmark = pytest.mark.rooms

LONG = 180_000  # milliseconds, for a process to start and an operation to be tried again


@pytest.fixture
def whole_again(stack: Stack) -> Iterator[Stack]:
    """The stack, with whatever was killed running again afterwards."""
    yield stack
    for name in stack.layout.commands():
        if not runs(stack, name):
            stack.restart(name)
    stack.wait_until_ready()


def runs(stack: Stack, name: str) -> bool:
    try:
        return stack.process_id(name) > 0
    except KeyError:
        return False


def test_a_deploy_waits_for_a_gateway_that_is_down(
    owner_page: Page, furnished: Furnished, whole_again: Stack
) -> None:
    page, stack = owner_page, whole_again
    stack.kill("sandbox")
    steps.offer(page, furnished.project, steps.archive(zipped({**site(1), "gateway.txt": b"up again\n"})))
    log = page.locator("main .log")
    expect(log).to_contain_text("again", timeout=steps.PATIENCE)
    expect(page.locator("form#confirm")).to_have_count(0)
    stack.restart("sandbox")
    expect(page.locator("form#confirm")).to_be_visible(timeout=LONG)
    steps.confirm(page)


def test_a_deploy_waits_for_a_worker_that_is_down(
    owner_page: Page, furnished: Furnished, whole_again: Stack
) -> None:
    page, stack = owner_page, whole_again
    stack.kill("worker")
    steps.offer(page, furnished.project, steps.archive(zipped({**site(1), "worker.txt": b"up again\n"})))
    silent = page.locator("#deploy .callout.warn", has_text="No worker is answering.")
    expect(silent).to_contain_text("Nothing is lost.", timeout=steps.PATIENCE)
    page.goto("/")
    expect(page.locator("main .bar")).to_contain_text("What you start is kept and begins as soon as one runs")
    page.go_back()
    expect(silent).to_be_visible()
    stack.restart("worker")
    expect(page.locator("form#confirm")).to_be_visible(timeout=LONG)
    expect(silent).to_have_count(0)
    steps.confirm(page)


def test_an_operation_waits_for_a_worker_and_runs_when_it_is_back(
    owner_page: Page, furnished: Furnished, whole_again: Stack
) -> None:
    page, stack = owner_page, whole_again
    stack.kill("worker")
    page.goto("/wallets/new")
    page.locator("form#wallet input[name=label]").fill("Patient")
    steps.submit(page, "form#wallet")
    expect(page.locator("main [id^=operation-]")).to_contain_text(
        "No worker is answering. The operation waits and nothing is lost.", timeout=steps.PATIENCE
    )
    stack.restart("worker")
    expect(page.locator("form#faucet")).to_be_visible(timeout=LONG)


def test_web_comes_back_and_the_page_goes_on_polling(
    owner_page: Page, furnished: Furnished, whole_again: Stack, expected_errors: list[str]
) -> None:
    page, stack = owner_page, whole_again
    expected_errors += [
        "ERR_CONNECTION_REFUSED",
        "ERR_CONTENT_LENGTH_MISMATCH",
        "ERR_CONNECTION_RESET",
        "ERR_EMPTY_RESPONSE",
        "htmx:",
    ]
    stack.kill("worker")
    steps.offer(page, furnished.project, steps.archive(zipped({**site(1), "web.txt": b"up again\n"})))
    expect(page.locator("main .phases")).to_be_visible()
    page.wait_for_load_state("load")
    stack.kill("web")
    expect(page.locator(".toast.bad")).to_contain_text("The panel does not answer.", timeout=steps.PATIENCE)
    stack.restart("web")
    stack.restart("worker")
    expect(page.locator("form#confirm")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("main")).to_contain_text("Nothing changed.")


def test_what_waits_for_a_worker_can_be_cancelled(
    owner_page: Page, furnished: Furnished, whole_again: Stack
) -> None:
    page, stack = owner_page, whole_again
    stack.kill("worker")
    steps.offer(page, furnished.project, steps.archive(zipped({**site(1), "never.txt": b"1"})))
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("main")).to_contain_text("Stopped before anything was committed. Nothing changed.")
    page.goto("/wallets/new")
    page.locator("form#wallet input[name=label]").fill("Never made")
    steps.submit(page, "form#wallet")
    page.locator("main [id^=operation-]").get_by_role("link", name="Details").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".page-head")).to_contain_text("Cancelled")
    page.get_by_role("link", name="Open what it is about").click()
    expect(page.locator("main")).to_contain_text("This wallet could not be made.")
