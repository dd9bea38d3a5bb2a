"""The main job by plain forms and links, with JavaScript off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.rooms import steps
from tests.rooms.conftest import Enter
from tests.rooms.sandbox import Outside
from tools.sites import site, zipped

pytestmark = pytest.mark.rooms

APP = "plain-forms"


def follow(page: Page, name: str) -> None:
    """Follow a link of the page's own part."""
    page.locator("main").get_by_role("link", name=name, exact=True).first.click()


def go(page: Page, place: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place).first.click()


def make_wallet_with_tier(page: Page) -> None:
    go(page, "Wallets")
    follow(page, "New wallet")
    page.get_by_label("Name", exact=True).fill("Plain")
    steps.submit(page, "form#wallet")
    steps.see(page, page.locator("form#faucet"))
    steps.submit(page, "form#faucet")
    steps.see(page, page.locator("#money").get_by_text("$0.25"))
    follow(page, "Choose a tier")
    steps.see(page, page.locator("a[href$='/tier/prototype']"))
    page.locator("a[href$='/tier/prototype']").click()
    steps.submit(page, "form#pay")
    steps.see(page, page.locator("#money").get_by_text("Active", exact=True))


def make_project(page: Page) -> None:
    go(page, "Projects")
    follow(page, "New project")
    page.get_by_label("Name", exact=True).fill(APP)
    page.get_by_role("radio", name="Plain").check(force=True)
    page.get_by_role("button", name="Make the project").click()
    steps.see(page, page.locator("main").get_by_role("link", name="Deploy", exact=True))


def deploy(page: Page, version: int, subdomain: str = "") -> None:
    page.locator("form#source input[type=file]").set_input_files([steps.archive(zipped(site(version)))])
    if subdomain:
        page.locator("form#source input[name=subdomain]").fill(subdomain)
    steps.submit(page, "form#source")
    steps.see(page, page.locator("form#confirm"))
    confirm(page)


def confirm(page: Page) -> None:
    for box in page.locator("input[name=ack]").all():
        box.check()
    steps.submit(page, "form#confirm")
    steps.see(page, page.locator("main .callout.ok"))


def redeploy_first(page: Page) -> None:
    follow(page, "Releases")
    steps.see(page, page.locator("form[action$='/redeploy']"))
    page.locator("form[action$='/redeploy'] [type=submit]").last.click()
    steps.see(page, page.locator("form#confirm, main .callout.ok"))
    if page.locator("form#confirm").count():
        confirm(page)


def test_the_whole_main_job_works_by_plain_forms_and_links(enter: Enter, outside: Outside) -> None:
    page = enter("alice", scripts=False)
    make_wallet_with_tier(page)
    make_project(page)
    follow(page, "Deploy")
    deploy(page, 1, subdomain=APP)
    assert outside.visit(APP).content == site(1)["index.html"]
    go(page, "Projects")
    follow(page, APP)
    follow(page, "Deploy")
    deploy(page, 2)
    assert outside.visit(APP).content == site(2)["index.html"]
    redeploy_first(page)
    assert outside.visit(APP).content == site(1)["index.html"]
