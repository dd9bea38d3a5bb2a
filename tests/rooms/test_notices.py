"""Being told: a webhook that a browser adds, a deploy that goes live, and the inbox by plain forms."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.notifications import receiver as receivers
from tests.notifications.receiver import Message, Receiver
from tests.rooms import steps
from tests.rooms.conftest import log_in
from tools.sites import site
from tools.stack import Owner, Stack

pytestmark = pytest.mark.rooms


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receivers.running() as running:
        yield running


@pytest.fixture
def told_stack(receiver: Receiver, tmp_path: Path) -> Iterator[Stack]:
    """A panel that may call the receiver."""
    with Stack.start(
        tmp_path / "stack", settings={"PANEL_OUTGOING_ALLOW": receiver.origin}, patience=1
    ) as stack:
        yield stack


def owner_of(stack: Stack) -> Owner:
    assert stack.owner is not None
    return stack.owner


def add_hook(page: Page, owner: Owner, url: str) -> str:
    """Add a webhook that hears of deploys; return its secret."""
    page.goto("/settings")
    page.locator("main").get_by_role("link", name="Webhooks").click()
    page.locator("main").get_by_role("link", name="New webhook").first.click()
    steps.prove(page, owner)
    page.get_by_label("Name", exact=True).fill("Build room")
    page.get_by_label("Address").fill(url)
    page.get_by_role("checkbox", name="A deploy is live").check()
    steps.submit(page, "form#hook-form")
    return page.locator("#hook-secret").input_value()


def arrived(receiver: Receiver, event: str) -> Message:
    """Wait for the message about an event."""
    deadline = time.monotonic() + steps.PATIENCE / 1000
    while True:
        for message in receiver.messages:
            if message.headers["x-run402-event"] == event:
                return message
        assert time.monotonic() < deadline, f"nothing about {event} has arrived"
        time.sleep(0.1)


def signed_with(secret: str, message: Message) -> bool:
    stamp, given = (part.partition("=")[2] for part in message.headers["x-run402-signature"].split(","))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + message.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, digest)


def deploy_something(page: Page, folder: Path) -> None:
    wallet = steps.make_wallet(page, "Studio")
    steps.ask_faucet(page, wallet)
    steps.pay_for_tier(page, wallet)
    folder.mkdir(exist_ok=True)
    steps.make_live_project(page, "told", site(1), folder)


def test_a_deploy_is_told_to_a_webhook_and_in_the_inbox(
    browser: Browser,
    browser_context_args: dict[str, Any],
    told_stack: Stack,
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    owner = owner_of(told_stack)
    settings = {**browser_context_args, "base_url": told_stack.url}
    with browser.new_context(**settings, java_script_enabled=False) as plain:
        page = plain.new_page()
        log_in(page, owner)
        secret = add_hook(page, owner, f"{receiver.origin}/hooks/room")
        page.get_by_role("link", name="I have it").click()
        page.get_by_role("button", name="Send test").click()
        assert signed_with(secret, arrived(receiver, "test"))
        # The worker notes the answer a moment after the message has arrived, and this page has no script.
        steps.see(page, page.locator("section[aria-labelledby=deliveries]").get_by_text("200 in"))

        with browser.new_context(**settings) as scripted:
            other = scripted.new_page()
            log_in(other, owner)
            other.goto("/settings/webhooks")
            other.get_by_role("link", name="Build room").first.click()
            other.get_by_role("button", name="Send test", exact=True).click()
            # The second one of the log; with scripts its page brings itself up to date.
            expect(other.locator("#delivery-log").get_by_text("200 in")).to_have_count(
                2, timeout=steps.PATIENCE
            )
            deploy_something(other, tmp_path / "site")
        message = arrived(receiver, "deploy.live")
        assert (signed_with(secret, message), message.document["text"]) == (True, "It is live.")

        page.goto("/")
        expect(page.locator("#unread")).to_contain_text("2")  # the webhook is told to owners too
        page.get_by_role("link", name="Inbox").first.click()
        notice = page.locator("#notices li").filter(has_text="A deploy is live")
        expect(notice).to_have_count(1)
        notice.get_by_role("button", name="Open").click()
        expect(page).to_have_url(message.document["url"])
        page.goto("/inbox?state=unread")
        expect(page.locator("#notices li")).to_have_count(1)
        page.get_by_role("button", name="Mark all read").click()
        expect(page.locator("#unread")).to_have_count(0)
