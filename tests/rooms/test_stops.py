"""Stopping a team while a deploy runs: it stops between two steps, everybody is told, and it finishes when resumed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.sandbox import Outside
from tools.layout import ROOT
from tools.sites import site, zipped
from tools.stack import Stack

pytestmark = pytest.mark.rooms

#: How long the gateway takes for the plan: long enough for a person to stop the team meanwhile.
PLAN_MILLISECONDS = 12_000
WHY = "A key leaked"


@pytest.fixture(autouse=True)
def running_again(stack: Stack) -> Iterator[None]:
    """Nothing is left stopped for the paths after this one, whatever became of it."""
    yield
    lift = (
        "from django.utils import timezone; from wallets.models import Halt; "
        "Halt.objects.filter(lifted_at=None).update(lifted_at=timezone.now())"
    )
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", lift],
        cwd=ROOT,
        env=stack.layout.environment("web"),
        check=True,
        capture_output=True,
    )


def stop(page: Page) -> None:
    """Go from the settings to the page that says what stopping does, and do it."""
    page.goto("/settings")
    page.locator("main").get_by_role("link", name="Stop this team").click()
    expect(page.locator("main")).to_contain_text("Signed payments cannot be called back")
    page.get_by_label("Why").fill(WHY)
    page.get_by_role("button", name="Stop this team").click()
    expect(page.locator("main section.callout.warn")).to_contain_text(WHY)


def resume(page: Page) -> None:
    page.goto("/stops")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("main")).to_contain_text("Nothing is stopped")


def begin_deploy(page: Page, furnished: Furnished, outside: Outside, mark: str) -> str:
    """Confirm a plan whose real one takes a while; return the deploy's path."""
    files = {**site(1), f"{mark}.txt": mark.encode()}
    steps.offer(page, furnished.project, steps.archive(zipped(files)))
    steps.see(page, page.locator("form#confirm"))
    outside.turn("delay", method="POST", path="/apply/v1/plans", milliseconds=PLAN_MILLISECONDS)
    steps.agree(page)
    page.wait_for_url(re.compile(r"/deploys/[0-9a-f-]{36}"))
    return steps.path_of(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["with script", "without"])
def test_a_running_deploy_stops_between_two_steps_and_finishes_when_resumed(
    enter: Enter, furnished: Furnished, outside: Outside, scripts: bool
) -> None:
    page = enter("owner", scripts=scripts)
    deploy = begin_deploy(page, furnished, outside, f"stopped-{scripts}")
    stop(page)
    page.goto(deploy)
    stopped = page.locator("#deploy .callout.warn", has_text="Stopped by")
    steps.see(page, stopped)
    expect(stopped).to_contain_text(f"UTC: {WHY}. It goes on from here when it is resumed. Nothing is lost.")
    expect(page.locator("main .bar .callout").first).to_contain_text("is stopped.")
    page.goto("/stops")
    expect(page.locator("section[aria-labelledby=held]")).to_contain_text("Deploy")
    expect(page.locator("section[aria-labelledby=signed]")).to_contain_text("Nothing.")
    resume(page)
    page.goto(deploy)
    steps.see(page, page.locator("main .callout.ok", has_text="is live"))
    expect(page.locator("main .log")).to_contain_text("Resumed by")


def test_what_is_asked_for_while_stopped_says_so_at_once_and_goes_on_when_resumed(
    enter: Enter, furnished: Furnished
) -> None:
    page = enter("owner")
    stop(page)
    page.goto("/wallets/new")
    page.locator("form#wallet input[name=label]").fill("Patient too")
    steps.submit(page, "form#wallet")
    expect(page.locator("main [id^=operation-]")).to_contain_text(WHY)
    wallet = steps.path_of(page)
    viewer = enter("dora")
    viewer.goto("/projects/")
    viewer.get_by_role("link", name="See what is stopped").click()
    expect(viewer.locator("main")).to_contain_text("Owners and admins can resume it.")
    expect(viewer.get_by_role("button", name="Resume")).to_have_count(0)
    resume(page)
    page.goto(wallet)
    expect(page.locator("form#faucet")).to_be_visible(timeout=steps.PATIENCE)
