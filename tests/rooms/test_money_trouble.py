"""Paying, and everything that can keep it from happening: one sentence, the next step, nothing paid twice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.sandbox import Outside

pytestmark = pytest.mark.rooms

#: The rows of the ledger; its days are a table too.
LEDGER = "section[aria-label=Payments] tbody tr"


def pay(page: Page, wallet: str, tier: str = "prototype") -> None:
    steps.open_tier(page, wallet, tier)
    steps.submit(page, "form#pay")
    page.wait_for_url(f"**{wallet}*")


def ledger(page: Page, wallet: str) -> None:
    page.goto(f"/payments?wallet={wallet.rsplit('/', 1)[1]}")


def test_an_empty_wallet_pays_nothing_and_leads_to_the_faucet(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Empty")
    expect(page.locator("#money")).to_contain_text("$0.00", timeout=steps.PATIENCE)
    steps.open_tier(page, wallet)
    callout = page.locator("form#pay .callout.warn")
    expect(callout).to_contain_text("The wallet holds too little. Get test money first.")
    expect(callout.get_by_role("link", name="Ask the faucet")).to_have_attribute("href", wallet)
    steps.submit(page, "form#pay")
    box = page.get_by_role("group", name="What went wrong")
    expect(box).to_contain_text(
        "Empty holds $0.00 of test USDC, and this costs $0.10. Nothing was paid.", timeout=steps.PATIENCE
    )
    box.get_by_role("link", name="Ask the faucet for test money").click()
    expect(page.locator("form#faucet [type=submit]")).to_be_enabled()
    ledger(page, wallet)
    expect(page.locator(LEDGER)).to_contain_text("Released")


def test_a_limit_that_is_reached_keeps_the_click_away(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Limited")
    page.goto(f"/tiers?wallet={wallet.rsplit('/', 1)[1]}")
    hobby = page.locator("#prices tr", has_text="Hobby")
    sentence = "This wallet may take $1.00 at once. This costs more."
    expect(hobby).to_contain_text(sentence, timeout=steps.PATIENCE)
    expect(hobby.locator("a", has_text="Subscribe")).to_have_count(0)
    page.goto(f"{wallet}/tier/hobby")
    expect(page.locator("form#pay .callout.warn")).to_contain_text(sentence)
    expect(page.locator("form#pay [type=submit]")).to_have_count(0)


def test_a_limit_per_day_counts_what_was_paid(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "One a day")
    page.goto(f"{wallet}/limits")
    page.locator("input[name=per_payment]").fill("0.10")
    page.locator("input[name=per_day]").fill("0.15")
    steps.submit(page, "form#limits-form")
    expect(page.get_by_role("region", name="Limits", exact=True)).to_contain_text(
        "$0.15", timeout=steps.PATIENCE
    )
    steps.pay_for_tier(page, wallet)
    page.goto(f"{wallet}/tier/prototype")
    expect(page.locator("form#pay .callout.warn")).to_contain_text(
        "This wallet may take $0.15 in 24 hours, and $0.05 are left. This costs more."
    )


def test_a_renewal_shows_its_ticket_before_the_click(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "Renewing")
    steps.pay_for_tier(page, wallet)
    steps.open_tier(page, wallet)
    ticket = page.locator("form#pay")
    expect(page.locator("main h1")).to_have_text("Prototype tier, renewal")
    expect(ticket).to_contain_text(re.compile(r"At most\s*\$0\.10, nothing else"))
    expect(ticket).to_contain_text("Base Sepolia")
    expect(ticket.locator("dd.total")).to_contain_text("$0.05")
    steps.submit(page, "form#pay")
    page.wait_for_url(f"**{wallet}*")
    expect(page.locator("#money")).to_contain_text("$0.05", timeout=steps.PATIENCE)
    ledger(page, wallet)
    expect(page.locator(LEDGER).first).to_contain_text("Prototype tier, renewal")
    expect(page.locator(LEDGER, has_text="Settled")).to_have_count(2)


def test_a_lost_settlement_blocks_the_wallet_until_the_same_payment_settled(
    owner_page: Page, outside: Outside
) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "Unlucky")
    steps.open_tier(page, wallet)
    outside.turn("lose_settlement")
    outside.turn("drop_before", method="POST", path="/tiers/v1/*", times=2)
    steps.submit(page, "form#pay")
    page.wait_for_url(f"**{wallet}*")
    expect(page.locator("main [id^=operation-]")).to_contain_text(
        "The answer was lost after the payment left.", timeout=steps.PATIENCE
    )
    page.goto(wallet)
    expect(page.locator("main")).to_contain_text("A payment has an unknown outcome.")
    expect(page.locator("main")).to_contain_text("Waits for an unknown payment")
    page.get_by_role("link", name="Look at it").click()
    expect(page.locator(".page-head")).to_contain_text("Unknown")
    expect(page.locator(".page-head")).to_contain_text("Settled", timeout=steps.PATIENCE)
    page.goto(wallet)
    expect(page.locator("main")).not_to_contain_text("A payment has an unknown outcome.")
    expect(page.locator("#money")).to_contain_text("Active")
    expect(page.locator("#money")).to_contain_text("$0.15", timeout=steps.PATIENCE)
    ledger(page, wallet)
    expect(page.locator(LEDGER)).to_have_count(1)


def test_a_wrong_clock_is_named_and_nothing_is_signed(owner_page: Page, outside: Outside) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "Out of time")
    steps.open_tier(page, wallet)
    outside.turn("clock", seconds=7200, only="proofs")
    steps.submit(page, "form#pay")
    box = page.get_by_role("group", name="What went wrong")
    expect(box).to_contain_text("check that this machine's clock is right", timeout=steps.PATIENCE)
    expect(box).to_contain_text("Nothing has changed.")
    ledger(page, wallet)
    expect(page.locator(LEDGER)).to_contain_text("Released")
    page.locator("tbody th a").click()
    expect(page.locator("main")).to_contain_text("It is proven that no money moved")
    expect(page.get_by_role("region", name="Payment")).not_to_contain_text("Nonce")
