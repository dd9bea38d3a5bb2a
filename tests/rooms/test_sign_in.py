"""Signing in, as a person at a browser does it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms.conftest import log_in
from tools.stack import Owner

pytestmark = pytest.mark.rooms


def test_the_first_owner_signs_in_with_the_one_time_password(page: Page, owner: Owner) -> None:
    page.goto("/")
    expect(page).to_have_url("/accounts/login/?next=/")
    log_in(page, owner)
    expect(page).to_have_url("/")


def test_a_wrong_password_is_one_sentence(page: Page, owner: Owner) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(owner.email)
    page.locator("input[name=password]").fill("not the password")
    page.locator("form:has(input[name=password]) [type=submit]").click()
    expect(page.locator("main [role=alert], main .errors, main .error").first).to_be_visible()
    expect(page.locator("input[name=password]")).to_have_value("")
