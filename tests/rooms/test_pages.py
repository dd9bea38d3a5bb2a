"""Every place of the navigation, and what lies under it, opens without a complaint."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished

pytestmark = pytest.mark.rooms

PLACES = ("Home", "Projects", "Deploys", "Wallets", "Payments", "Tiers", "Activity", "Settings")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("place", PLACES)
def test_each_place_of_the_navigation_opens_and_is_marked(
    owner_page: Page, furnished: Furnished, place: str
) -> None:
    page = owner_page
    page.goto("/search")
    nav = page.get_by_role("navigation", name="Main").first
    nav.get_by_role("link", name=place).click()
    expect(page.locator("main h1").first).to_have_text(place)
    expect(nav.get_by_role("link", name=place)).to_have_attribute("aria-current", "page")
    assert fits(page)


def test_the_navigation_opens_on_a_phone(owner_page: Page) -> None:
    page = owner_page
    page.set_viewport_size({"width": 390, "height": 860})
    page.goto("/")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    page.locator("#sidebar").get_by_role("link", name="Activity").click()
    expect(page.locator("main h1")).to_have_text("Activity")
    assert fits(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_below_them_fits(owner_page: Page, furnished: Furnished, width: int) -> None:
    page = owner_page
    page.set_viewport_size({"width": width, "height": 860})
    for path in (
        "/wallets/import",
        f"{furnished.wallet}/limits",
        f"{furnished.wallet}/tier/prototype",
        f"{furnished.wallet}/tier/hobby",
        f"{furnished.wallet}/card?tier=hobby",
        f"/payments?wallet={furnished.wallet.rsplit('/', 1)[1]}&state=settled",
        "/projects/new",
        "/projects/?q=nothing-like-it",
        "/deploys?state=failed&q=nothing-like-it",
        "/activity/?tab=audit",
        "/activity/?kind=deploy&state=succeeded",
        "/search?q=views",
        "/team",
        "/team/rules",
        "/settings",
        "/stops",
        "/stops/new",
        "/accounts/password/change/",
        "/accounts/logout/",
    ):
        page.goto(path)
        expect(page.locator("main h1").first).to_be_visible()
        assert fits(page), path


def test_many_wallets_do_not_widen_the_price_list(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    for number in range(5):
        steps.make_wallet(page, f"One of several wallets {number}")
        steps.settle(page)
    page.set_viewport_size({"width": 390, "height": 860})
    page.goto("/tiers")
    expect(page.get_by_role("navigation", name="Wallet that pays")).to_be_visible()
    assert fits(page)


def test_details_are_reached_by_links_and_fit(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    for start, link in (
        ("/payments", "main tbody th a"),
        ("/activity/", "main tbody th a"),
        ("/deploys", "main tbody th a"),
        ("/projects/", "main tbody th a"),
        (f"{furnished.project}/releases", "#releases tbody th a"),
    ):
        page.goto(start)
        page.locator(link).first.click()
        expect(page.locator("nav.crumbs")).to_be_visible()
        assert fits(page), page.url


def test_what_is_not_there_is_a_page_that_leads_home(owner_page: Page, expected_errors: list[str]) -> None:
    expected_errors.append("404")
    page = owner_page
    page.goto("/projects/00000000-0000-4000-8000-000000000000")
    expect(page.locator("main h1")).to_have_text("Page not found")
    page.locator("main").get_by_role("link", name="Home").click()
    expect(page).to_have_url("/")
