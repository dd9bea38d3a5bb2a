"""The home page: it leads a newcomer from step to step, and later tells what waits."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.sandbox import Outside
from tools.sites import site, zipped

pytestmark = pytest.mark.rooms

APP = "five-steps"


def take_step(page: Page, words: str, done: int) -> None:
    """Wait at home until so many steps are done, then take the next one by its own button."""
    steps.see(page, page.get_by_text(f"{done} of 5", exact=True))
    page.locator("main .steps").locator("a, button").filter(has_text=words).click()


def home(page: Page) -> None:
    steps.settle(page)
    page.get_by_role("link", name="Run402 Panel, home").click()
    expect(page).to_have_url("/")


def test_a_newcomer_is_led_through_five_steps(enter: Enter, outside: Outside) -> None:
    page = enter("frank")
    page.goto("/")
    take_step(page, "Make a wallet", 0)
    page.locator("form#wallet input[name=label]").fill("First")
    steps.submit(page, "form#wallet")
    home(page)
    take_step(page, "Ask the faucet", 1)
    home(page)
    take_step(page, "Choose a tier", 2)
    page.locator("a[href$='/tier/prototype'], form#pay").first.wait_for(timeout=steps.PATIENCE)
    if not page.locator("form#pay").count():
        page.locator("a[href$='/tier/prototype']").click()
    steps.submit(page, "form#pay")
    home(page)
    take_step(page, "Make a project", 3)
    page.locator("main input[name=name]").fill(APP)
    steps.submit(page, "main form")
    home(page)
    take_step(page, "Deploy a site", 4)
    page.locator("form#source input[type=file]").set_input_files([steps.archive(zipped(site(1)))])
    page.locator("form#source input[name=subdomain]").fill(APP)
    steps.submit(page, "form#source")
    expect(page.locator("form#confirm")).to_be_visible(timeout=steps.PATIENCE)
    home(page)
    page.get_by_role("link", name="Review").first.click()
    steps.confirm(page)
    home(page)
    expect(page.locator("main .steps")).to_have_count(0)
    expect(page.locator("main")).to_contain_text(APP)
    assert outside.visit(APP).content == site(1)["index.html"]


def test_home_names_what_waits_and_leads_there(
    owner_page: Page, furnished: Furnished, tmp_path: Path
) -> None:
    page = owner_page
    steps.upload(page, furnished.project, {**site(1), "waits.txt": b"1"}, tmp_path)
    plan = steps.path_of(page)
    home(page)
    expect(page.get_by_role("region", name="Needs you")).to_contain_text("Deploy of views")
    expect(page.locator(f"main a[href='{plan}']").first).to_be_visible()
    deploys = page.get_by_role("navigation", name="Main").first.get_by_role("link", name="Deploys")
    expect(deploys.locator(".count.due")).to_be_visible()
    page.goto(plan)
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("main")).to_contain_text("Nothing changed.")


def test_the_search_page_finds_what_the_palette_finds(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/search")
    page.locator("main [type=search]").fill("studio")
    page.locator("main").get_by_role("button", name="Search").click()
    page.locator("main").get_by_role("link", name="Studio").first.click()
    expect(page).to_have_url(furnished.wallet)
