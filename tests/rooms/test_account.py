"""One's own account: theme, gateway, password, signing out. Everybody here has a browser of their own."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms.conftest import Enter, Furnished, log_in
from tests.rooms.people import PASSWORD
from tools.stack import Owner

pytestmark = pytest.mark.rooms


def choose(page: Page, menu: str, entry: str) -> None:
    """Open a menu of the sidebar and take an entry."""
    page.get_by_role("button", name=menu).click()
    page.get_by_role("button", name=entry).click()


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_theme_sticks_until_another_is_chosen(enter: Enter) -> None:
    page = enter("alice")
    page.emulate_media(color_scheme="light")
    light = background(page)
    choose(page, "Your account:", "Dark")
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)
    dark = background(page)
    assert dark != light
    page.goto("/projects/")
    assert background(page) == dark
    page.emulate_media(color_scheme="dark")
    choose(page, "Your account:", "Light")
    expect(page.locator("html[data-theme=light]")).to_have_count(1)
    assert background(page) == light
    choose(page, "Your account:", "As the system")
    expect(page.locator("html[data-theme]")).to_have_count(0)
    assert background(page) == dark


def test_the_settings_page_keeps_the_theme_too(enter: Enter) -> None:
    page = enter("alice")
    page.goto("/settings")
    page.get_by_text("Dark", exact=True).last.click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)
    expect(page.locator("input[name=theme][value=dark]")).to_be_checked()
    page.get_by_text("As the system", exact=True).last.click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html[data-theme]")).to_have_count(0)


def test_cloud_shows_its_own_empty_lists_until_one_goes_back(enter: Enter, furnished: Furnished) -> None:
    page = enter("alice")
    page.goto("/wallets/")
    expect(page.locator("main")).to_contain_text("Studio")
    choose(page, "Switch team or gateway:", "Run402 Cloud")
    expect(page.get_by_role("button", name="Switch team or gateway:")).to_contain_text("Run402 Cloud")
    for path, words in {
        "/wallets/": "No wallet",
        "/deploys": "No deploy yet",
        "/payments": "Nothing paid yet",
    }.items():
        page.goto(path)
        expect(page.locator("main")).to_contain_text(words)
    page.goto("/projects/")  # which lists those of every gateway
    expect(page.locator("main")).to_contain_text("views")
    choose(page, "Switch team or gateway:", "Sandbox")
    page.goto("/projects/")
    expect(page.locator("main")).to_contain_text("views")


def test_somebody_of_two_teams_goes_from_one_to_the_other(enter: Enter, furnished: Furnished) -> None:
    page = enter("grace")
    page.goto("/projects/")
    expect(page.locator("main")).to_contain_text("views")
    choose(page, "Switch team or gateway:", "Team of grace")
    expect(page).to_have_url("/")
    expect(page.locator("main")).to_contain_text("From nothing to a live site")
    page.goto("/projects/")
    expect(page.locator("main")).to_contain_text("No project yet")
    choose(page, "Switch team or gateway:", "My team")
    page.goto("/projects/")
    expect(page.locator("main")).to_contain_text("views")


def test_somebody_signs_out_and_in_again(enter: Enter, people: dict[str, Owner]) -> None:
    page = enter("alice")
    choose(page, "Your account:", "Sign out")
    expect(page).to_have_url("/accounts/login/")
    page.goto("/wallets/")
    expect(page).to_have_url("/accounts/login/?next=/wallets/")
    log_in(page, people["alice"])
    expect(page.get_by_role("button", name="Your account:")).to_contain_text("alice@example.com")


def change_password(page: Page, old: str, new: str) -> None:
    page.goto("/accounts/password/change/")
    page.get_by_label("Current password").fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password once more").fill(new)
    page.locator("main").get_by_role("button", name="Change password").click()


def test_a_password_is_changed_and_the_old_one_is_over(enter: Enter, people: dict[str, Owner]) -> None:
    new = "a quiet river in november"
    page = enter("erin")
    change_password(page, "not my password", new)
    expect(page.locator("main .error")).to_contain_text("This is not your current password.")
    change_password(page, PASSWORD, "short")
    expect(page.locator("main .error").first).to_be_visible()
    change_password(page, PASSWORD, new)
    expect(page.locator(".toast.ok")).to_be_visible()
    people["erin"] = Owner(people["erin"].email, new)  # further paths sign her in with it
    choose(page, "Your account:", "Sign out")
    page.locator("input[name=login]").fill(people["erin"].email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("E-mail and password do not match.")).to_be_visible()
    log_in(page, people["erin"])
    expect(page).to_have_url("/")
