"""Deciding about plans: ticks, discarding, plans that changed, releases and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tests.rooms.sandbox import Outside
from tools.sites import site, zipped

pytestmark = pytest.mark.rooms


@pytest.fixture
def project(owner_page: Page, furnished: Furnished, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A project of this path's own, which serves release 1."""
    return steps.make_live_project(owner_page, app_of(request), site(1), tmp_path)


def app_of(request: pytest.FixtureRequest) -> str:
    """The name of the path's app: an address has at most 63 characters."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    return str(name[:40].strip("-"))


def test_a_blocking_warning_needs_its_own_tick(
    owner_page: Page, project: str, tmp_path: Path, outside: Outside, request: pytest.FixtureRequest
) -> None:
    page = owner_page
    steps.upload(page, project, site(2), tmp_path)
    button = page.locator("form#confirm [type=submit]")
    expect(page.locator(".warning.high")).to_contain_text("DESTRUCTIVE_SITE_BULK_REMOVAL")
    expect(button).to_be_disabled()
    digest = page.locator("form#confirm input[name=digest]").get_attribute("value") or ""
    assert steps.post(page, f"{steps.path_of(page)}/confirm", digest=digest).status == 302
    page.reload()
    expect(page.locator(".toast.bad")).to_contain_text(
        "Every warning needs its own tick: DESTRUCTIVE_SITE_BULK_REMOVAL."
    )
    page.locator("input[name=ack]").check()
    expect(button).to_be_enabled()
    steps.confirm(page)
    assert outside.visit(app_of(request)).content == site(2)["index.html"]


def test_a_discarded_plan_changes_nothing(
    owner_page: Page, project: str, tmp_path: Path, outside: Outside, request: pytest.FixtureRequest
) -> None:
    page = owner_page
    steps.upload(page, project, site(2), tmp_path)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("main")).to_contain_text("Stopped before anything was committed. Nothing changed.")
    assert outside.visit(app_of(request)).content == site(1)["index.html"]
    page.get_by_role("button", name="Plan again").click()
    expect(page.locator("form#confirm")).to_be_visible(timeout=steps.PATIENCE)


def test_a_plan_that_changed_since_the_review_waits_again(
    owner_page: Page, project: str, tmp_path: Path, outside: Outside, request: pytest.FixtureRequest
) -> None:
    page = owner_page
    steps.upload(page, project, {**site(1), "first.txt": b"1"}, tmp_path)
    first = steps.path_of(page)
    steps.upload(page, project, {**site(1), "second.txt": b"2"}, tmp_path)
    steps.confirm(page)
    page.goto(first)
    steps.agree(page)
    changed = page.locator(".callout.warn", has_text="The plan changed since you confirmed it.")
    expect(changed).to_be_visible(timeout=steps.PATIENCE)
    expect(changed).to_contain_text("Another release became live meanwhile")
    expect(changed).to_contain_text("second.txt")
    assert outside.visit(app_of(request), "/second.txt").text == "2"
    steps.confirm(page)
    assert outside.visit(app_of(request), "/first.txt").text == "1"


def test_a_deploy_of_what_is_live_has_nothing_to_do(owner_page: Page, project: str) -> None:
    steps.offer(owner_page, project, steps.archive(zipped(site(1))))
    steps.wait_until_live(owner_page)
    expect(owner_page.locator("main")).to_contain_text("This was live already; nothing had to change.")


def test_releases_show_what_they_hold_and_only_older_ones_can_come_back(
    owner_page: Page, project: str, tmp_path: Path
) -> None:
    page = owner_page
    steps.upload(page, project, site(2), tmp_path)
    steps.confirm(page)
    page.goto(f"{project}/releases")
    live = page.locator("#releases tr.on")
    expect(live).to_contain_text("Live")
    expect(live.locator("form")).to_have_count(0)
    expect(page.locator("#releases form[action$='/redeploy']")).to_have_count(1)
    live.locator("th a").click()
    expect(page.locator("main")).to_contain_text("pages/only-2/index.html")
    expect(page.locator("form[action$='/redeploy']")).to_have_count(0)
    assert steps.post(page, f"{steps.path_of(page)}/redeploy").status == 302
    page.goto(f"{project}/releases")
    expect(page.locator(".toast.bad")).to_contain_text("This release is what serves now.")


def test_an_older_release_says_what_comes_back_and_does(
    owner_page: Page, project: str, tmp_path: Path, outside: Outside, request: pytest.FixtureRequest
) -> None:
    page = owner_page
    steps.upload(page, project, site(2), tmp_path)
    steps.confirm(page)
    page.goto(f"{project}/releases")
    page.locator("#releases tbody tr:not(.on) th a").click()
    expect(page.locator("main")).to_contain_text("If you redeploy it")
    expect(page.locator("main")).to_contain_text("pages/only-1/index.html")
    page.locator("form[action$='/redeploy'] [type=submit]").click()
    steps.agree_if_asked(page)
    expect(page.locator("main")).to_contain_text("serves generation 1 again")
    assert outside.visit(app_of(request)).content == site(1)["index.html"]
