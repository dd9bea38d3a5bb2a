"""The panel without a mouse."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.held import Held
from tests.rooms.conftest import Furnished

pytestmark = pytest.mark.rooms

MOST_TABS = 60


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement?.textContent.trim() ?? ''"))


def tab_to(page: Page, words: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if words in focused(page):
            return
    raise AssertionError(f"{MOST_TABS} tabs never reached “{words}”")


def test_the_first_tab_skips_to_the_content(owner_page: Page) -> None:
    page = owner_page
    page.goto("/projects/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_tab_reaches_the_primary_action_and_enter_takes_it(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto(furnished.project)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, "Deploy")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/deploys/new"))


def test_the_palette_finds_a_project_and_opens_it(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/")
    page.keyboard.press("Control+k")
    palette = page.locator("dialog#palette")
    expect(palette).to_be_visible()
    expect(palette.locator("input")).to_be_focused()
    page.keyboard.type("views")
    option = palette.get_by_role("option", name=re.compile("^views")).first
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(furnished.project)


def test_the_arrows_choose_and_escape_closes_the_palette(owner_page: Page) -> None:
    page = owner_page
    page.goto("/")
    page.keyboard.press("Control+k")
    options = page.locator("dialog#palette [role=option]")
    expect(options.first).to_have_text(re.compile("New project"))  # its results have come
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#palette")).to_be_hidden()


def test_results_that_come_after_an_arrow_keep_what_it_chose(owner_page: Page) -> None:
    page = owner_page
    search = Held(page, "**/search*")
    page.goto("/")
    page.keyboard.press("Control+k")
    asked = search.come()
    page.keyboard.press("ArrowDown")
    options = page.locator("dialog#palette").get_by_role("option")
    chosen = page.locator("dialog#palette").get_by_role("option", selected=True)
    expect(chosen).to_have_text(re.compile("Projects"))
    asked.continue_()
    expect(options.first).to_have_text(re.compile("New project"))
    expect(chosen).to_have_text(re.compile("Projects"))
    page.keyboard.press("Enter")
    expect(page).to_have_url("/projects/")


@pytest.mark.parametrize(
    ("key", "path"), [("h", "/"), ("p", "/projects/"), ("d", "/deploys"), ("w", "/wallets/")]
)
def test_g_and_a_letter_go_to_a_place(owner_page: Page, key: str, path: str) -> None:
    page = owner_page
    page.clock.set_fixed_time(
        datetime.now(UTC)
    )  # both keys within the second that the page gives, however slow we are
    page.goto("/settings")
    page.keyboard.press("g")
    page.keyboard.press(key)
    expect(page).to_have_url(path)


def test_a_question_mark_shows_the_keys_and_escape_closes_them(owner_page: Page) -> None:
    page = owner_page
    page.goto("/")
    page.keyboard.press("?")
    dialog = page.locator("dialog#shortcuts")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Search on this page")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_slash_searches_and_j_k_walk_the_rows(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/projects/")
    page.keyboard.press("/")
    expect(page.locator("main [type=search]")).to_be_focused()
    page.keyboard.type("views")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=views"))
    page.keyboard.press("j")
    expect(page.locator("main tbody tr a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(furnished.project)


def test_letters_typed_into_a_field_are_letters(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/projects/new")
    page.locator("main input[name=name]").fill("")
    page.keyboard.type("gp?")
    expect(page.locator("main input[name=name]")).to_have_value("gp?")
    expect(page.locator("dialog#shortcuts")).to_be_hidden()
