"""Passkeys, codes, step-up and sessions at a real browser, with a virtual authenticator in it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.rooms.conftest import Enter, log_in
from tests.rooms.people import OWN, PASSWORD, make_people
from tests.rooms.test_accessibility import in_both_themes
from tools.layout import ROOT
from tools.stack import Owner, Stack

pytestmark = pytest.mark.rooms


@pytest.fixture(scope="module")
def guarded(stack: Stack) -> dict[str, Owner]:
    """People of these paths alone: what they add stays."""
    names = ("paula", "quentin", "rosa", "sam", "tina")
    return make_people(stack, dict.fromkeys(names, ("developer", OWN)))


@dataclass
class Authenticator:
    """A virtual authenticator of one page's browser, inside the device, that has checked the person."""

    cdp: CDPSession
    id: str

    @classmethod
    def of(cls, page: Page) -> Authenticator:
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(cdp, made["authenticatorId"])

    def forget_person(self) -> None:
        """From now on the device does not recognise who sits there."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})


def confirm_with_password(page: Page) -> None:
    page.wait_for_url("**/accounts/confirm?for=*")
    page.locator("#confirm-password input[name=password]").fill(PASSWORD)
    page.locator("#confirm-password [type=submit]").click()


def add_passkey(page: Page, name: str = "Laptop") -> None:
    page.goto("/account/security")
    page.get_by_role("link", name="Add a passkey").first.click()
    if "/accounts/confirm" in page.url:
        confirm_with_password(page)
    page.locator("#passkey-new input[name=name]").fill(name)
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url(re.compile("/account/security(/codes)?$"))


def set_up_app(page: Page) -> str:
    """Set an authenticator app up; return its seed."""
    page.goto("/account/security/app")
    confirm_with_password(page)
    expect(page.locator("svg.qr")).to_be_visible()
    seed = page.locator(".facts .id").inner_text().strip()
    page.locator("#app-new input[name=code]").fill(code_of(seed))
    page.locator("#app-new [type=submit]").click()
    page.wait_for_url("**/account/security/codes")
    return seed


def code_of(seed: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30 + steps)))


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main [type=submit]").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def give_password(page: Page, person: Owner) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_and_signs_in_by_itself(page: Page, guarded: dict[str, Owner]) -> None:
    Authenticator.of(page)
    log_in(page, guarded["paula"])
    add_passkey(page)
    expect(page.locator("ul.codes li")).to_have_count(10)
    page.reload()
    expect(page.locator("main")).to_contain_text("They were shown already")
    page.goto("/account/security")
    expect(page.locator("main")).to_contain_text("Signs in by itself, and as second step.")
    sign_out(page)
    page.get_by_role("button", name="Continue with a passkey").click()
    expect(page).to_have_url("/")
    page.goto("/account/sessions")
    expect(page.locator("main")).to_contain_text("by passkey")


def test_a_passkey_is_the_second_step_and_a_failed_one_is_a_sentence(
    page: Page, guarded: dict[str, Owner], expected_errors: list[str]
) -> None:
    device = Authenticator.of(page)
    log_in(page, guarded["sam"])
    add_passkey(page)
    sign_out(page)
    give_password(page, guarded["sam"])
    page.wait_for_url("**/accounts/login/second")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url("/")
    device.forget_person()
    sign_out(page)
    page.get_by_role("button", name="Continue with a passkey").click()
    expect(page.get_by_text("No passkey was used. Try again, or another way.")).to_be_visible(timeout=30_000)


def test_code_of_an_app_and_recovery_code_sign_in(
    page: Page, guarded: dict[str, Owner], expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    log_in(page, guarded["quentin"])
    seed = set_up_app(page)
    recovery = page.locator("ul.codes li").first.inner_text()
    sign_out(page)
    give_password(page, guarded["quentin"])
    page.wait_for_url("**/accounts/login/second")
    page.locator("input[name=code]").fill("000000")
    page.locator("#second-code [type=submit]").click()
    expect(page.locator("main .error")).to_contain_text("This code is not right.")
    page.locator("input[name=code]").fill(code_of(seed, 1))
    page.locator("#second-code [type=submit]").click()
    expect(page).to_have_url("/")
    sign_out(page)
    give_password(page, guarded["quentin"])
    page.locator("input[name=code]").fill(recovery)
    page.locator("#second-code [type=submit]").click()
    expect(page).to_have_url("/")
    page.goto("/account/security")
    expect(page.locator("main")).to_contain_text("9 codes are left.")


def test_step_up_by_password_and_by_passkey(page: Page, guarded: dict[str, Owner]) -> None:
    Authenticator.of(page)
    log_in(page, guarded["rosa"])
    add_passkey(page, "Blue key")
    page.goto("/account/security")
    page.get_by_role("link", name="Remove Blue key").click()
    expect(page.locator("main")).to_contain_text("To remove the passkey “Blue key”.")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Really remove the passkey “Blue key”?")).to_be_visible()
    page.goto("/account/security")
    page.get_by_role("button", name="Make new codes").click()
    confirm_with_password(page)
    page.wait_for_url("**/account/security/codes")
    expect(page.locator("ul.codes li")).to_have_count(10)


def test_step_up_without_script_is_one_more_press(enter: Enter) -> None:
    page = enter("alice", scripts=False)
    page.goto("/account/security/app")
    confirm_with_password(page)
    expect(page.locator("svg.qr")).to_be_visible()


def test_the_list_of_sessions_ends_another_browser(
    page: Page, browser: Browser, browser_context_args: dict[str, object], guarded: dict[str, Owner]
) -> None:
    log_in(page, guarded["tina"])
    with browser.new_context(**browser_context_args) as context:  # type: ignore[arg-type]
        other = context.new_page()
        log_in(other, guarded["tina"])
        page.goto("/account/sessions")
        expect(page.get_by_text("This one")).to_have_count(1)
        page.get_by_role("button", name=re.compile("^End the session of")).first.click()
        expect(page.locator(".toast.ok")).to_contain_text("That browser is signed out.")
        expect(page.locator("main")).to_contain_text("You are signed in nowhere else.")
        other.goto("/projects/")
        expect(other.locator("main")).to_contain_text("Your session has ended. Sign in again to go on.")
        log_in(other, guarded["tina"])


def test_an_idle_session_leads_back_to_where_one_was(
    page: Page, stack: Stack, guarded: dict[str, Owner]
) -> None:
    log_in(page, guarded["tina"])
    page.goto("/deploys")
    _make_idle(stack, guarded["tina"].email)
    page.reload()
    expect(page.locator("main")).to_contain_text(
        "Nobody did anything here for a while, so you were signed out."
    )
    page.locator("input[name=login]").fill(guarded["tina"].email)
    page.locator("input[name=password]").fill(guarded["tina"].password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url("/deploys")


IDLE = """
from datetime import timedelta
from django.utils import timezone
from teams.models import Session
Session.objects.filter(user__email={email!r}).update(seen_at=timezone.now() - timedelta(days=2))
"""


def _make_idle(stack: Stack, email: str) -> None:
    """Let two days pass for somebody's sessions."""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", IDLE.format(email=email)],
        cwd=ROOT,
        env=stack.layout.environment("web"),
        check=True,
        capture_output=True,
    )


def test_the_pages_before_one_is_in_break_no_rule(page: Page, guarded: dict[str, Owner]) -> None:
    page.goto("/accounts/login/?ended=over")
    found = in_both_themes(page)
    log_in(page, guarded["tina"])
    page.goto("/account/security/passkeys/new")
    found += in_both_themes(page)
    confirm_with_password(page)
    found += in_both_themes(page)
    assert found == []
