"""axe-core finds nothing on the main pages, in light and, of what a theme can break, in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tools.sites import site

pytestmark = pytest.mark.rooms

#: What conforms to WCAG 2.2 AA, and axe's own good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


#: The rules of them that another theme can break.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page: Page, rules: object = RULES) -> list[str]:
    """Return each broken rule with the places that break it."""
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return [f"{page.url}: {rule['id']} at {[node['target'] for node in rule['nodes']]}" for rule in found]


def in_both_themes(page: Page) -> list[str]:
    """Return what the page breaks in light, and what of its colours in dark."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    light = violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return light + [f"in dark, {line}" for line in violations(page, COLOURS)]


def test_the_main_pages_break_no_rule(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    found: list[str] = []
    for path in (
        "/",
        "/projects/",
        "/projects/new",
        "/projects/adopt",
        furnished.project,
        f"{furnished.project}/releases",
        f"{furnished.project}/secrets",
        f"{furnished.project}/secrets/set",
        f"{furnished.project}/secrets/env",
        "/projects/secrets",
        f"{furnished.project}/releases/diff",
        f"{furnished.project}/routes",
        f"{furnished.project}/routes/edit",
        f"{furnished.project}/xray?url=/&method=GET",
        "/deploys",
        furnished.new_deploy,
        "/wallets/",
        furnished.wallet,
        "/wallets/new",
        "/wallets/import",
        f"{furnished.wallet}/sharing",
        f"{furnished.wallet}/address",
        f"{furnished.wallet}/freeze",
        f"{furnished.wallet}/replace",
        f"{furnished.wallet}/tier/prototype",
        "/payments",
        "/activity/",
        "/team",
        "/team/rules",
        "/settings",
        "/settings/notices",
        "/settings/webhooks",
        "/stops",
        "/stops/new",
        "/inbox",
        "/account/security",
        "/account/security/app",
        "/account/sessions",
    ):
        page.goto(path)
        expect(page.locator("main h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        found += in_both_themes(page)
    assert found == []


def test_a_plan_with_warnings_breaks_no_rule(owner_page: Page, furnished: Furnished, tmp_path: Path) -> None:
    page = owner_page
    steps.upload(page, furnished.project, {"about.html": site(2)["index.html"]}, tmp_path)
    expect(page.locator(".warning").first).to_be_visible()
    assert in_both_themes(page) == []


def test_the_sign_in_breaks_no_rule(page: Page) -> None:
    page.goto("/accounts/login/")
    assert in_both_themes(page) == []
