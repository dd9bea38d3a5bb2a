"""The main job at a browser: from an empty panel to a live site, a second release, and the first one back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tools.sites import site
from tools.stack import Stack

pytestmark = pytest.mark.rooms


def live_heading(page: Page, stack: Stack, app: str) -> str:
    """What a visitor reads on the live site; the browser resolves `x.localhost` by itself."""
    visitor = page.context.new_page()
    visitor.goto(f"http://{app}.localhost:{stack.layout.sandbox_port}/")
    text = visitor.locator("h1").inner_text()
    visitor.close()
    return text


def test_a_newcomer_gets_a_live_site_and_brings_its_first_release_back(
    owner_page: Page, stack: Stack, tmp_path: Path
) -> None:
    page, app = owner_page, "main-path"
    wallet = steps.make_wallet(page, "Main path")
    steps.ask_faucet(page, wallet)
    steps.pay_for_tier(page, wallet)
    project = steps.make_project(page, app)

    steps.upload(page, project, site(1), tmp_path, subdomain=app)
    steps.confirm(page)
    assert live_heading(page, stack, app) == "Release 1"

    steps.upload(page, project, site(2), tmp_path)
    steps.confirm(page)
    assert live_heading(page, stack, app) == "Release 2"

    steps.redeploy_oldest(page, project)
    assert live_heading(page, stack, app) == "Release 1"

    page.goto(f"{project}/releases")
    expect(page.locator("main")).to_contain_text("Live")
