"""An invitation by mail, on a panel of its own: web queues it, the worker sends it to a real SMTP server."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.notifications import smtp
from tests.notifications.smtp import MailServer
from tests.rooms import steps
from tests.rooms.conftest import log_in
from tools.stack import Stack

pytestmark = pytest.mark.rooms


def first_mail(server: MailServer) -> str:
    """Wait for a mail and return its text."""
    deadline = time.monotonic() + steps.PATIENCE / 1000
    while not server.mails:
        assert time.monotonic() < deadline, "no mail has arrived"
        time.sleep(0.1)
    return str(server.mails[0].get_content())


def sent_mails(page: Page) -> str:
    """Load the owner's list of mails until one is sent, and return its text."""
    mails, deadline = page.locator("section[aria-labelledby=mails]"), time.monotonic() + steps.PATIENCE / 1000
    while True:
        page.goto("/team")
        expect(mails).to_be_visible()
        if "Sent" in mails.inner_text():
            return mails.inner_text()
        assert time.monotonic() < deadline, mails.inner_text()


def test_an_invitation_arrives_by_mail_and_lets_its_reader_in(
    browser: Browser, browser_context_args: dict[str, Any], tmp_path: Path
) -> None:
    with smtp.running() as server:
        settings = {"PANEL_MAIL_FROM": "Run402 Panel <panel@example.com>", "PANEL_SMTP_URL": server.url}
        with (
            Stack.start(tmp_path, settings=settings, patience=1) as stack,
            browser.new_context(**{**browser_context_args, "base_url": stack.url}) as context,
        ):
            assert stack.owner is not None
            page = context.new_page()
            log_in(page, stack.owner)
            page.goto("/team/invite")
            steps.confirm_oneself(page, stack.owner.password)
            page.locator("form#invite input[name=email]").fill("niko@example.com")
            steps.submit(page, "form#invite")
            expect(page.locator(".toast.ok").first).to_contain_text(
                "A mail to niko@example.com is on its way."
            )
            link = re.search(r"http://localhost:\d+/invitation/[\w-]{43}", first_mail(server))
            assert link is not None
            assert "Invitation to the team My team" in sent_mails(page)
            context.clear_cookies()
            page.goto(link[0])
            expect(page.locator("h1")).to_have_text("Join My team")
            token = link[0].rpartition("/")[2]
            for name in ("web", "worker"):
                assert token not in (stack.logs / f"{name}.log").read_text()
            assert server.password not in (stack.logs / "worker.log").read_text()
            assert "PANEL_SMTP_URL" not in stack.layout.environment("web")
