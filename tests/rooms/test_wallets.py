"""Wallets: a second one, limits, import, faucet, ledger, activity."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished

pytestmark = pytest.mark.rooms

KEY = "0x" + "5" * 64


def test_a_second_wallet_has_a_name_of_its_own(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    steps.make_wallet(page, "Second")
    page.goto("/wallets/")
    expect(page.locator("main")).to_contain_text("Studio")
    expect(page.locator("main")).to_contain_text("Second")
    page.goto("/wallets/new")
    page.locator("form#wallet input[name=label]").fill("studio")
    steps.submit(page, "form#wallet")
    expect(page.locator("form#wallet .error")).to_contain_text(
        "There is a wallet of this name already. Choose another one."
    )


def lower(page: Page, wallet: str, one: str, day: str) -> None:
    page.goto(f"{wallet}/limits")
    page.locator("input[name=per_payment]").fill(one)
    page.locator("input[name=per_day]").fill(day)
    steps.submit(page, "form#limits-form")


def test_limits_are_lowered_at_once_and_raised_with_a_passkey_only(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_wallet(page, "Careful")
    lower(page, wallet, "0.50", "0.80")
    page.wait_for_url(f"**{wallet}")
    expect(page.locator("main [id^=operation-]")).to_have_count(0, timeout=steps.PATIENCE)
    limits = page.get_by_role("region", name="Limits", exact=True)
    expect(limits).to_contain_text("$0.50")
    expect(limits).to_contain_text("$0.80")
    lower(page, wallet, "0.60", "0.80")
    expect(page.locator("main")).to_contain_text("You have no passkey.")
    steps.submit(page, "form[action$='/cancel']")
    page.wait_for_url(f"**{wallet}")
    lower(page, wallet, "0.50", "0.40")
    expect(page.locator("form#limits-form .error")).to_contain_text(
        "A single payment cannot be above the limit of 24 hours."
    )


def test_the_sandbox_takes_no_imported_key_and_says_why(owner_page: Page) -> None:
    page = owner_page
    page.goto("/wallets/import")
    callout = page.locator(".callout.warn", has_text="The sandbox takes no imported keys.")
    expect(callout).to_contain_text("A key of yours signs nothing here.")
    callout.get_by_role("link", name="Make a play wallet").click()
    expect(page).to_have_url("/wallets/new")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("5" * 63, "A private key is 64 hexadecimal digits, with or without 0x before."),
        ('{"privateKey": ', "This looks like an allowance file, but it is no valid JSON."),
        (f'{{"privateKey": "{KEY}"}}', "The “address” in this file is not 0x and 40 hexadecimal digits."),
        ("", "Paste the key, or choose the file: one of the two."),
    ],
    ids=["too-short", "no-json", "no-address", "nothing"],
)
def test_a_wrong_key_is_one_sentence_and_is_not_shown_back(owner_page: Page, key: str, sentence: str) -> None:
    page = owner_page
    fill_import(page, key)
    expect(page.locator("form#import .error, form#import [role=alert]")).to_contain_text(sentence)
    expect(page.locator("form#import textarea[name=key]")).to_have_value("")
    assert not key or key not in page.content()


def fill_import(page: Page, key: str) -> None:
    page.goto("/wallets/import")
    page.locator("form#import input[name=label]").fill("Imported")
    page.locator("form#import textarea[name=key]").fill(key)
    steps.submit(page, "form#import")


def test_a_number_that_is_no_key_is_found_by_the_worker(enter: Enter) -> None:
    page = enter("alice")
    fill_import(page, "0" * 64)
    box = page.get_by_role("group", name="What went wrong")
    expect(box).to_contain_text("KEY_INVALID", timeout=steps.PATIENCE)
    expect(box).to_contain_text("Nothing was kept.")
    expect(page.locator("main")).to_contain_text("This wallet could not be made.")
    assert "0" * 64 not in page.content()
    page.get_by_role("link", name="Import again").click()
    expect(page.locator("form#import")).to_be_visible()


def test_the_faucet_gives_once_and_says_when_again(owner_page: Page) -> None:
    page = owner_page
    wallet = steps.make_rich_wallet(page, "Thirsty")
    page.goto(wallet)
    expect(page.locator("#money")).to_contain_text(re.compile(r"Faucet again\s+in (23|24) h"))
    expect(page.locator("form#faucet [type=submit]")).to_be_disabled()
    assert steps.post(page, f"{wallet}/faucet").status == 302
    page.reload()
    expect(page.locator(".toast.bad")).to_contain_text(
        re.compile(r"The faucet gives once in 24 hours\. It can be asked again at \d\d:\d\d UTC\.")
    )
    expect(page.locator("#money")).to_contain_text("$0.25")


def test_the_ledger_leads_to_a_payment_and_to_its_operation(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto(furnished.wallet)
    page.get_by_role("region", name="Latest payments").get_by_role("link", name="Ledger").click()
    # Other paths may have renewed the tier meanwhile.
    row = page.locator(
        "section[aria-label=Payments] tbody tr",
        has=page.get_by_role("link", name="Prototype tier", exact=True),
    )
    expect(row).to_contain_text("Settled")
    expect(row).to_contain_text("$0.10")
    row.get_by_role("link", name="Prototype tier").click()
    expect(page.locator("main")).to_contain_text("Paid. The money has moved")
    expect(page.get_by_role("region", name="Payment")).to_contain_text("Nonce")
    expect(page.get_by_role("region", name="Receipt")).to_be_visible()
    page.get_by_role("region", name="Operation").get_by_role("link").click()
    requests = page.get_by_role("region", name="Requests to Run402")
    expect(requests).to_contain_text("POST /tiers/v1/prototype")
    expect(requests).to_contain_text("Bodies, keys and signatures are never kept.")


def test_the_ledger_is_filtered_by_its_address(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/payments?state=unknown&q=nothing-like-it")
    expect(page.locator("main")).to_contain_text("No payment fits what is asked for.")
    page.get_by_role("link", name="Clear").first.click()
    expect(page.locator("section[aria-label=Payments] tbody tr").first).to_be_visible()


def test_activity_has_operations_and_the_audit_record(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto("/activity/?kind=project.provision")
    page.get_by_role("link", name="views").first.click()
    expect(page.get_by_role("region", name="Requests to Run402")).to_contain_text("POST /projects/v1")
    expect(page.get_by_role("region", name="Steps")).to_be_visible()
    page.goto("/activity/")
    page.get_by_role("link", name="Audit record").click()
    expect(page).to_have_url("/activity/?tab=audit")
    expect(page.locator("main")).to_contain_text("Entries are chained")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.locator("main [type=search]").fill("Studio")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr").first).to_contain_text("Studio")


def test_on_a_phone_the_chart_begins_with_today_and_an_address_is_there_in_full(
    owner_page: Page, furnished: Furnished
) -> None:
    page = owner_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/payments")
    bar = page.locator(".chart .test").last
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    assert 300 < box["x"] < box["x"] + box["width"] < 390
    assert page.locator(".scroll.newest").evaluate("scrolled => scrolled.scrollLeft") == 0
    page.goto("/payees")
    for address in page.locator("main .facts .id").all():
        place = address.bounding_box()
        assert place is not None
        assert place["x"] + place["width"] < 390
