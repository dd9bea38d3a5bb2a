"""What a passkey confirms: a higher limit, the export of a key. And a service key, shown to one tab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from run402 import address_of
from tests.rooms import steps
from tests.rooms.conftest import Furnished, log_in
from tests.rooms.passkeys import add_passkey, allow_first, plug_in
from tests.rooms.people import make_people
from tools.stack import Owner, Stack
from wallets import keystores

pytestmark = pytest.mark.rooms

PASSWORD = "a horse that nobody rides"


@dataclass(frozen=True)
class Holder:
    """An owner with a passkey that may confirm, and a wallet of theirs."""

    page: Page
    session: CDPSession
    authenticator: str
    wallet: str

    def verifies(self, yes: bool) -> None:
        """Let the authenticator recognise its person, or not."""
        self.session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": yes}
        )


@pytest.fixture(scope="module")
def holder(
    browser: Browser, browser_context_args: dict[str, Any], stack: Stack, people: dict[str, Owner]
) -> Iterator[Holder]:
    olive = people["olive"]
    with browser.new_context(**browser_context_args) as context:
        page = context.new_page()
        log_in(page, olive)
        session, authenticator = plug_in(page)
        allow_first(stack, olive)
        add_passkey(page, olive)
        page.goto("/passkeys")
        steps.see(page, page.locator("main tbody tr").filter(has_text=olive.email).get_by_text("May confirm"))
        yield Holder(page, session, authenticator, steps.make_wallet(page, "Vaulted"))


def ask_to_raise(page: Page, wallet: str, one: str, day: str) -> None:
    page.goto(f"{wallet}/limits")
    page.locator("input[name=per_payment]").fill(one)
    page.locator("input[name=per_day]").fill(day)
    steps.submit(page, "form#limits-form")


def test_an_owner_raises_a_limit_with_a_passkey(holder: Holder) -> None:
    page = holder.page
    ask_to_raise(page, holder.wallet, "1.25", "4")
    statement = page.get_by_role("region", name="This will happen")
    expect(statement).to_contain_text("from $1.00 to $1.25")
    expect(statement).to_contain_text("from $2.00 to $4.00")
    page.get_by_role("button", name="Confirm with passkey").click()
    page.wait_for_url(f"**{holder.wallet}")
    limits = page.get_by_role("region", name="Limits", exact=True)
    expect(limits).to_contain_text("$4.00", timeout=steps.PATIENCE)
    expect(limits).to_contain_text("$1.25")


def test_a_passkey_that_does_not_know_its_person_changes_nothing(holder: Holder) -> None:
    page = holder.page
    ask_to_raise(page, holder.wallet, "5", "9")
    holder.verifies(False)
    page.get_by_role("button", name="Confirm with passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey did not confirm. Nothing has changed")
    holder.verifies(True)
    steps.submit(page, "form[action$='/cancel']")
    page.wait_for_url(f"**{holder.wallet}")
    expect(page.get_by_role("region", name="Limits", exact=True)).not_to_contain_text("$9.00")


def test_an_owner_exports_a_key_to_the_tab_that_asked(holder: Holder) -> None:
    page = holder.page
    page.context.grant_permissions(["clipboard-write"])
    page.goto(holder.wallet)
    page.get_by_role("link", name="Export the key").click()
    address = page.locator("main dl [data-copy]").get_attribute("data-copy")
    page.get_by_role("button", name="Export the key").click()
    expect(page.get_by_role("region", name="This will happen")).to_contain_text("the private key")
    page.get_by_role("button", name="Confirm with passkey").click()
    shown = page.get_by_role("region", name="Private key")
    expect(shown.locator("[data-reveal-value]")).to_have_text("•" * 24, timeout=steps.PATIENCE)
    assert "0x" not in shown.inner_html().replace(str(address), "")
    with page.expect_download() as download:
        shown.get_by_role("button", name="Download allowance.json").click()
    allowance = json.loads(download.value.path().read_text())
    key = allowance["privateKey"]
    assert address_of(bytes.fromhex(key.removeprefix("0x"))) == allowance["address"] == address
    shown.get_by_label("Or under a password, for other wallets").fill(PASSWORD)
    with page.expect_download() as download:
        shown.get_by_role("button", name="Download keystore.json").click()
    keystore = json.loads(download.value.path().read_text())
    opened = keystores.key_in(keystores.packed(keystore, PASSWORD))
    assert (opened.hex(), f"0x{keystore['address']}") == (key.removeprefix("0x"), str(address).lower())
    shown.get_by_role("button", name="Copy").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    shown.get_by_role("button", name="Show").click()
    expect(shown.locator("[data-reveal-value]")).to_have_text(key)
    shown.get_by_role("button", name="Hide").click()
    assert key not in page.content()
    page.goto(holder.wallet)
    expect(page.locator("#exported")).to_contain_text("Its key was exported on")
    page.go_back()
    assert key not in page.content()
    expect(page.get_by_role("button", name="Export the key")).to_be_visible()
    page.goto("/activity/")
    page.get_by_role("searchbox", name="Search").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value(key)


def test_a_shown_key_is_gone_after_its_minute(holder: Holder) -> None:
    page = holder.page
    page.goto(f"{holder.wallet}/export")
    page.evaluate("() => { document.querySelector('[data-reveal]').dataset.revealSeconds = '10' }")
    page.get_by_role("button", name="Export the key").click()
    page.get_by_role("button", name="Confirm with passkey").click()
    page.get_by_role("button", name="Show").click(timeout=steps.PATIENCE)
    key = page.locator("[data-reveal-value]").inner_text()
    expect(page.locator("[data-reveal-stage]")).to_contain_text("The key is gone from this page.")
    assert key not in page.content()
    expect(page.get_by_role("button", name="Export the key")).to_be_enabled()


def test_an_owner_sees_a_service_key(owner_page: Page, owner: Owner, furnished: Furnished) -> None:
    page = owner_page
    page.goto(furnished.project)
    page.get_by_role("link", name="Show it").click()
    steps.prove(page, owner)
    page.get_by_role("button", name="Show the service key").click()
    shown = page.get_by_role("region", name="Service key")
    expect(shown.locator("[data-reveal-value]")).to_have_text("•" * 24, timeout=steps.PATIENCE)
    shown.get_by_role("button", name="Show").click()
    key = shown.locator("[data-reveal-value]").inner_text()
    assert len(key) > 20
    expect(shown.get_by_role("button", name="Download allowance.json")).to_have_count(0)
    page.goto("/activity/?tab=audit")
    expect(page.locator("main tbody tr", has_text="Service key revealed").first).to_contain_text("views")
    assert key not in page.content()


def test_a_page_without_webcrypto_offers_no_dead_button(holder: Holder) -> None:
    page = holder.page.context.new_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(f"{holder.wallet}/export")
    expect(page.locator("main")).to_contain_text("manage.py wallet_export")
    expect(page.get_by_role("button", name="Export the key")).to_have_count(0)
    page.close()


def test_a_new_passkey_of_another_owner_waits_and_is_refused_on_home(
    holder: Holder,
    browser: Browser,
    browser_context_args: dict[str, Any],
    stack: Stack,
    people: dict[str, Owner],
) -> None:
    with browser.new_context(**browser_context_args) as context:
        other = context.new_page()
        log_in(other, people["oscar"])
        plug_in(other)
        add_passkey(other, people["oscar"])
        other.goto("/passkeys")
        steps.see(other, other.locator("main tbody tr").filter(has_text="oscar").get_by_text("Waits"))
        ask_to_raise(other, holder.wallet, "1.5", "4")
        expect(other.locator("main")).to_contain_text("Your passkey is too new.")
    page = holder.page
    page.goto("/")
    need = page.locator("#needs").locator("xpath=../..").locator("li", has_text="oscar@example.com")
    expect(need).to_contain_text("A new passkey of oscar@example.com will confirm payments and exports")
    need.get_by_role("button", name="Refuse").click()
    expect(page.locator("main")).not_to_contain_text("A new passkey of oscar@example.com")


def test_two_owners_let_a_key_go_and_compare_the_same_six_words(
    holder: Holder,
    browser: Browser,
    browser_context_args: dict[str, Any],
    stack: Stack,
    people: dict[str, Owner],
) -> None:
    page, alina = holder.page, make_people(stack, {"alina": ("owner",)})["alina"]
    page.goto("/payments/approvals")
    page.locator("input[name=exports_need_two]").check()
    steps.submit(page, "form#threshold-form")
    steps.prove(page, people["olive"])
    expect(page.locator(".toast")).to_contain_text("The rule holds from now on.")
    page.goto(f"{holder.wallet}/export")
    page.get_by_role("button", name="Export the key").click()
    page.get_by_role("button", name="Confirm with passkey").click()
    words = page.locator("[data-reveal-stage] ol.words li")
    expect(words).to_have_count(6, timeout=steps.PATIENCE)
    with browser.new_context(**browser_context_args) as context:
        second = context.new_page()
        log_in(second, alina)
        plug_in(second)
        allow_first(stack, alina)
        add_passkey(second, alina)
        second.goto("/passkeys")
        steps.see(second, second.locator("main tbody tr").filter(has_text="alina").get_by_text("May confirm"))
        second.goto("/")
        second.locator("main li", has_text="Export the key of Vaulted").get_by_role("link").first.click()
        expect(second.locator("ol.words li")).to_have_text(words.all_text_contents())
        expect(second.get_by_role("region", name="What is approved")).to_contain_text("A private key")
        second.get_by_role("button", name="Confirm with passkey").click()
        expect(second.locator(".page-head")).to_contain_text("Succeeded", timeout=steps.PATIENCE)
    expect(page.get_by_role("region", name="Private key")).to_be_visible(timeout=steps.PATIENCE)
