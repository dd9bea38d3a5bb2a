"""Limits of single members and kinds, and whom a gateway has paid, as a person meets them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps

pytestmark = pytest.mark.rooms


def test_a_kind_of_payment_gets_a_limit_that_is_used_and_shown(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "Capped")
    page.goto(f"{wallet}/limits")
    page.locator("input[name=per_week]").fill("5")
    page.locator("select[name=about]").select_option(label="Tiers")
    page.locator("select[name=window]").select_option(label="In 7 days")
    page.locator("input[name=amount]").fill("0.15")
    steps.submit(page, "form#limits-form")
    limits = page.get_by_role("region", name="Limits", exact=True)
    expect(limits).to_contain_text("Tiers: in 7 days", timeout=steps.PATIENCE)
    steps.settle(page)

    steps.pay_for_tier(page, wallet)
    steps.settle(page)
    page.goto(wallet)
    row = limits.get_by_role("row").filter(has_text="Tiers: in 7 days")
    expect(row).to_contain_text("$0.10")
    page.goto(f"{wallet}/tier/prototype")
    expect(page.locator("form#pay .callout.warn")).to_contain_text(
        "This kind of payment may take $0.15 in 7 days, and $0.05 are left. This costs more."
    )

    page.goto("/payments")
    page.get_by_role("link", name="Who is paid").click()
    expect(page.locator("main")).to_contain_text("Is paid")
    expect(page.locator("main")).to_contain_text("0x")
