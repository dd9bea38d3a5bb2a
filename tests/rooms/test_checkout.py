"""Paying by card on the sandbox's hosted page: paid, left, let expire, and a page of a foreign host."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.sandbox import Outside

pytestmark = pytest.mark.rooms


def ask(page: Page, wallet: str) -> str:
    """Ask for a page to pay for the hobby tier, which the wallet's limits leave to the card; return the path."""
    page.goto(f"/tiers?wallet={wallet.rsplit('/', 1)[1]}")
    page.locator("a[href$='/card?tier=hobby']").click(timeout=steps.PATIENCE)
    expect(page.get_by_label("Hobby")).to_be_checked()
    steps.submit(page, "form#card")
    page.wait_for_url("**/checkouts/*")
    expect(page.locator("#checkout")).to_contain_text("Can be paid", timeout=steps.PATIENCE)
    return steps.path_of(page)


def hosted(page: Page) -> Page:
    """Open the page to pay on, which is a new tab that knows nothing of this one."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the page").click()
    tab = opened.value
    expect(tab.get_by_role("heading", name="Sandbox checkout")).to_be_visible()
    assert tab.evaluate("() => [window.opener, document.referrer]") == [None, ""]
    return tab


def test_a_tier_is_paid_by_card_and_the_page_says_so_by_itself(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Card")
    ask(page, wallet)
    checkout = page.locator("#checkout")
    expect(checkout).to_contain_text(re.compile(r"Time left\s*(1 d|23 h)"))
    tab = hosted(page)
    tab.get_by_role("button", name="Abandon").click()
    expect(tab.get_by_role("status")).to_contain_text("You left without paying.")
    tab.get_by_role("button", name="Pay $5.00").click()
    expect(tab.locator("main")).to_contain_text("Paid. You can close this page.")
    tab.close()
    page.bring_to_front()
    expect(checkout).to_contain_text("$5.00 arrived at Run402", timeout=steps.PATIENCE)
    page.get_by_role("link", name="the payment").click()
    expect(page.locator("main")).to_contain_text("Hobby tier, by card")
    expect(page.locator("main")).to_contain_text("Play card")
    page.goto(f"/tiers?wallet={wallet.rsplit('/', 1)[1]}")
    expect(page.locator("#prices tr.on")).to_contain_text("Hobby")
    expect(page.locator("#prices tr.on")).to_contain_text(re.compile(r"(29|30) d.* left"))
    expect(page.locator("#unfinished", has_text="for Card")).to_have_count(0)


def test_an_unfinished_one_is_remembered_until_it_is_put_aside(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Forgetful")
    path = ask(page, wallet)
    tab = hosted(page)
    tab.get_by_role("button", name="Let it expire").click()
    expect(tab.locator("main")).to_contain_text("This link has expired. Nothing was charged.")
    tab.close()
    page.goto("/tiers")
    expect(page.locator(f"#unfinished a[href='{path}']").first).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name="A payment by card for Forgetful is unfinished", exact=True).click()
    page.get_by_role("button", name="Put aside").click()
    expect(page.locator("#checkout")).to_contain_text("Put aside")
    page.goto("/tiers")
    expect(page.locator(f"#unfinished a[href='{path}']")).to_have_count(0)


def test_a_page_of_a_foreign_host_is_never_opened(owner_page: Page, outside: Outside) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Wary")
    steps.open_tier(page, wallet)
    outside.turn("foreign_checkout", url="https://checkout.stripe.com.evil.example/pay")
    steps.submit(page, "form#by-card-form")
    page.wait_for_url("**/checkouts/*")
    checkout = page.locator("#checkout")
    expect(checkout).to_contain_text(
        "Run402 answered with a payment page on checkout.stripe.com.evil.example", timeout=steps.PATIENCE
    )
    expect(checkout.get_by_role("link", name="Pay from the wallet instead, and tell Run402")).to_be_visible()
    expect(page.get_by_role("link", name="Open the page")).to_have_count(0)


def test_a_balance_is_topped_up_by_card(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Saver")
    page.goto(f"{wallet}/card")
    page.get_by_label("Prepaid balance").check()
    page.get_by_label("Into the balance").fill("2.50")
    steps.submit(page, "form#card")
    page.wait_for_url("**/checkouts/*")
    expect(page.locator("#checkout")).to_contain_text("Can be paid", timeout=steps.PATIENCE)
    tab = hosted(page)
    tab.get_by_role("button", name="Pay $2.50").click()
    expect(tab.locator("main")).to_contain_text("Paid.")
    tab.close()
    page.bring_to_front()
    expect(page.locator("#checkout")).to_contain_text("$2.50 arrived at Run402", timeout=steps.PATIENCE)
    page.goto(wallet)
    expect(page.locator("#money")).to_contain_text("$2.50")
