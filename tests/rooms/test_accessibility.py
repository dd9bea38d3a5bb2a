"""axe-core finds nothing on the main pages, in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tests.rooms.test_views import Scheme
from tools.sites import site

pytestmark = pytest.mark.rooms

#: What conforms to WCAG 2.2 AA, and axe's own good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return each broken rule with the places that break it."""
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [f"{page.url}: {rule['id']} at {[node['target'] for node in rule['nodes']]}" for rule in found]


@pytest.fixture(scope="session")
def waiting_plan(furnished: Furnished) -> dict[str, str]:
    """Where the plan is that these paths look at, once the first of them made it."""
    return {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_main_pages_break_no_rule(owner_page: Page, furnished: Furnished, scheme: Scheme) -> None:
    page = owner_page
    page.emulate_media(color_scheme=scheme)
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
        found += violations(page)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_plan_with_warnings_breaks_no_rule(
    owner_page: Page, furnished: Furnished, waiting_plan: dict[str, str], tmp_path: Path, scheme: Scheme
) -> None:
    page = owner_page
    page.emulate_media(color_scheme=scheme)
    if not waiting_plan:
        steps.upload(page, furnished.project, {"about.html": site(2)["index.html"]}, tmp_path)
        waiting_plan["path"] = steps.path_of(page)
    page.goto(waiting_plan["path"])
    expect(page.locator(".warning").first).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_breaks_no_rule(page: Page, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/accounts/login/")
    assert violations(page) == []
