"""A wallet is frozen, shared and retired at the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter
from tools.stack import Owner

pytestmark = pytest.mark.rooms


def test_a_frozen_wallet_says_who_and_why_and_asks_for_a_passkey_to_go_on(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Hot")
    steps.settle(page)
    page.get_by_role("link", name="Freeze").click()
    page.locator("form#freeze input[name=why]").fill("An agent runs wild")
    steps.submit(page, "form#freeze")
    page.wait_for_url(f"**{wallet}")
    frozen = page.get_by_role("region", name="Frozen: it pays nothing")
    expect(frozen).to_contain_text("An agent runs wild")
    expect(page.get_by_role("link", name="Freeze")).to_have_count(0)
    steps.submit(page, "form#unfreeze")
    expect(page.locator("main")).to_contain_text("You have no passkey.")
    page.goto("/wallets/")
    expect(page.locator("tr", has_text="Hot")).to_contain_text("Frozen")


def test_a_wallet_that_is_kept_is_there_for_those_it_is_shared_with(
    owner_page: Page, owner: Owner, enter: Enter
) -> None:
    page, erin = owner_page, enter("erin")
    wallet = steps.make_wallet(page, "Kept")
    steps.settle(page)
    page.get_by_role("region", name="Who may use it").get_by_role("link", name="Share").click()
    steps.submit(page, "form#open-form")
    steps.prove(page, owner)
    expect(page.locator("main")).to_contain_text("Kept to some people")
    erin.goto("/wallets/")
    expect(erin.locator("main")).not_to_contain_text("Kept")
    share = page.locator("form#share")
    share.locator("select[name=who]").select_option(index=0)
    share.locator("select[name=level]").select_option(label="see it")
    steps.submit(page, "form#share")
    expect(page.get_by_role("listitem").filter(has_text="The whole team")).to_contain_text("see it")
    erin.goto(wallet)
    expect(erin.locator("h1")).to_have_text("Kept")
    expect(erin.get_by_role("link", name="Share")).to_have_count(0)


def test_a_wallet_is_retired_under_its_name_and_stays_so(owner_page: Page, owner: Owner) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Old")
    steps.settle(page)
    page.get_by_role("link", name="Retire").click()
    steps.prove(page, owner)
    page.locator("form#retire input[name=name]").fill("old")
    steps.submit(page, "form#retire")
    expect(page.locator("form#retire .error")).to_contain_text("This is not the name of the wallet.")
    page.locator("form#retire input[name=name]").fill("Old")
    steps.submit(page, "form#retire")
    page.wait_for_url(f"**{wallet}")
    expect(page.locator("main")).to_contain_text("It signs nothing any more, for good.")
    page.get_by_role("link", name="Show as a code").click()
    expect(page.locator("svg.qr")).to_be_visible()
