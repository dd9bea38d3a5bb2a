"""Secrets at the browser: what a plan misses is set, a whole `.env` is looked at and set, one is deleted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished

pytestmark = pytest.mark.rooms

VALUE = "sk-live-of-the-browser-path"


def wait_for(page: Page, key: str, word: str) -> None:
    found = page.locator("#secrets tr", has=page.get_by_text(key, exact=True))
    expect(found.locator(".status")).to_have_text(word, timeout=steps.PATIENCE)  # a button says “Set” too


def test_what_a_plan_requires_is_missing_until_it_is_set(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    steps.offer(page, furnished.project, manifest='{"secrets": {"require": ["PLAN_KEY"]}}')
    expect(page.locator("main")).to_contain_text("A required secret is not set", timeout=steps.PATIENCE)
    plan = steps.path_of(page)
    page.goto(furnished.project)
    panel = page.locator("#project-secrets")
    expect(panel).to_contain_text("PLAN_KEY", timeout=steps.PATIENCE)
    panel.get_by_role("link", name="Set PLAN_KEY").click()
    page.get_by_label("Value").fill(VALUE)
    steps.submit(page, "form#secret")
    wait_for(page, "PLAN_KEY", "Set")
    assert VALUE not in page.content()
    page.locator("#secrets").get_by_role("link", name="Plan of").first.click()
    assert steps.path_of(page) == plan
    page.locator("form[action$='/cancel'] [type=submit]").first.click()


def test_a_env_is_looked_at_before_it_is_set(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto(f"{furnished.project}/secrets")
    page.get_by_role("link", name="Paste a .env").click()
    page.locator("textarea[name=text]").fill(f"ENV_ONE='{VALUE}\nsecond line'\nENV_TWO=2\nlower=3\n")
    steps.submit(page, "form#env")
    expect(page.locator("main")).to_contain_text("2 new, 0 replaced, 1 not taken.")
    expect(page.locator("main")).to_contain_text("Line 4")
    assert VALUE not in page.content()
    page.get_by_label("ENV_TWO").uncheck()
    page.get_by_role("button", name="Set the ticked ones").click()
    wait_for(page, "ENV_ONE", "Set")
    expect(page.locator("#secrets")).not_to_contain_text("ENV_TWO")


def test_without_script_one_is_set_and_deleted(
    enter: Enter, furnished: Furnished, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page = enter("owner", scripts=False)
    page.goto(f"{furnished.project}/secrets/set")
    page.get_by_label("Name", exact=True).fill("PLAIN_KEY")
    page.locator("input[type=file]").set_input_files(
        {"name": "key", "mimeType": "text/plain", "buffer": VALUE.encode()}
    )
    steps.submit(page, "form#secret")
    steps.see(page, page.locator("#secrets").get_by_role("link", name="Delete PLAIN_KEY"))
    page.locator("#secrets").get_by_role("link", name="Delete PLAIN_KEY").click()
    page.get_by_label("Its name, typed").fill("PLAIN")
    steps.submit(page, "form#delete")
    expect(page.locator("form#delete")).to_contain_text("Type exactly PLAIN_KEY to delete it.")
    page.get_by_label("Its name, typed").fill("PLAIN_KEY")
    steps.submit(page, "form#delete")
    steps.see(page, page.locator("#secrets:not(:has-text('PLAIN_KEY'))"))
