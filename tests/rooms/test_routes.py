"""Routes, X-ray and comparing: asked at the browser, answered by the sandbox."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.sandbox import Outside
from tools.sites import site

pytestmark = pytest.mark.rooms

APP = "routed-app"
ALIAS = {"pattern": "/start", "methods": ["GET"], "target": {"type": "static", "file": "index.html"}}

HELLO = "export default async (req) => new Response('hello ' + new URL(req.url).pathname)"
CALLED = {
    "site": {"replace": {"index.html": {"data": "<h1>Called</h1>"}}},
    "subdomains": {"set": ["called-app"]},
    "functions": {"replace": {"hello": {"runtime": "node22", "source": {"data": HELLO}}}},
    "routes": {"replace": [ALIAS, {"pattern": "/api/*", "target": {"type": "function", "name": "hello"}}]},
}


@pytest.fixture
def unsound(expected_errors: list[str]) -> None:
    """A form with something wrong in it comes back with 422, and the console tells."""
    expected_errors.append("422")


def fill_row(page: Page, number: int, pattern: str, kind: str, name: str) -> None:
    page.locator(f"[name=pattern-{number}]").fill(pattern)
    page.locator(f"[name=type-{number}]").select_option(kind)
    page.locator(f"[name=name-{number}]").fill(name)


def test_a_route_is_made_goes_live_and_is_seen_by_xray(
    owner_page: Page, furnished: Furnished, tmp_path: Path, outside: Outside, unsound: None
) -> None:
    page = owner_page
    project = steps.make_live_project(page, APP, site(1), tmp_path)
    page.goto(f"{project}/routes")
    expect(page.locator("main")).to_contain_text("No route")
    page.get_by_role("link", name="Edit routes").click()
    fill_row(page, 1, "/a/*/b", "static", "index.html")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#route-1-problems")).to_contain_text("“*” stands only at the end")
    fill_row(page, 1, "/start", "static", "index.html")
    page.get_by_role("button", name="Plan these routes").click()
    expect(page.locator("form#confirm")).to_be_visible(timeout=steps.PATIENCE)
    expect(page.locator("main .changes")).to_contain_text("/start")
    steps.confirm(page)
    assert outside.visit(APP, "/start").content == site(1)["index.html"]
    page.goto(f"{project}/routes")
    expect(page.locator("#route-table").locator("xpath=../..")).to_contain_text(
        "Shows the file at this address."
    )
    page.locator("form#xray input[name=url]").fill("/start?token=hidden")
    steps.submit(page, "form#xray")
    expect(page.locator("#verdict")).to_have_text(
        "The route /start leads to the file index.html.", timeout=steps.PATIENCE
    )
    expect(page.locator("main")).to_contain_text("The part after “?” was left out")
    page.locator("form#xray select").select_option("POST")
    steps.submit(page, "form#xray")
    expect(page.locator("#answer .status.bad").first).to_contain_text(
        "Would not serve", timeout=steps.PATIENCE
    )
    compare(page, project)


def test_a_route_to_a_function_is_deployed_and_seen_by_the_table_and_xray(
    owner_page: Page, furnished: Furnished, outside: Outside
) -> None:
    page = owner_page
    project = steps.make_project(page, "called-app")
    steps.offer(page, project, manifest=json.dumps(CALLED))
    expect(page.locator("main .warning", has_text="PUBLIC_ROUTED_FUNCTION")).to_contain_text(
        "Anybody can call: hello.", timeout=steps.PATIENCE
    )
    steps.confirm(page)
    answer = outside.visit("called-app", "/api/bread")
    assert (answer.status_code, answer.text) == (200, "hello /api/bread")
    page.goto(f"{project}/routes")
    row = page.locator("#route-table").locator("xpath=../..").locator("tr", has_text="/api/*")
    expect(row).to_contain_text("function hello")
    expect(row).to_contain_text("Anybody can call the function; it may refuse by itself.")
    page.locator("form#xray input[name=url]").fill("/api/bread")
    page.locator("form#xray select").select_option("POST")
    steps.submit(page, "form#xray")
    expect(page.locator("#verdict")).to_have_text(
        "The route /api/* leads to the function hello.", timeout=steps.PATIENCE
    )
    page.locator("form#xray input[name=url]").fill("/start")
    steps.submit(page, "form#xray")
    expect(page.locator("#answer .status.bad").first).to_contain_text(
        "Would not serve, 405", timeout=steps.PATIENCE
    )
    page.get_by_role("link", name="Look at the route that matched.").click()
    expect(page).to_have_url(re.compile(rf"{project}/routes$"))


def compare(page: Page, project: str) -> None:
    """Compare what is live with the release before, then nothing with what is live."""
    page.goto(f"{project}/releases")
    page.get_by_role("link", name="Compare two").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#difference .changes")).to_contain_text("/start", timeout=steps.PATIENCE)
    page.locator("select[name=from]").select_option("empty")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#difference .changes").last).to_contain_text("index.html", timeout=steps.PATIENCE)
    expect(page.locator("#difference")).to_contain_text(
        "Redeploy" if "rel_" in page.url else "Files in numbers"
    )


def test_xray_comparing_and_the_editor_work_without_a_script(
    enter: Enter, furnished: Furnished, unsound: None
) -> None:
    page = enter("owner", scripts=False)
    page.goto(f"{furnished.project}/xray")
    page.get_by_role("link", name="Check the start page").click()
    steps.see(page, page.locator("#verdict"))
    page.goto(f"{furnished.project}/releases/diff?from=empty&to=active")
    steps.see(page, page.locator("#difference .changes"))
    page.goto(f"{furnished.project}/routes/edit")
    page.locator("form#routes-form summary").click()
    page.locator("textarea[name=json]").fill(json.dumps([ALIAS] * 121))
    page.get_by_role("button", name="Put it into the rows").click()
    expect(page.locator("#routes-json-problem")).to_contain_text("this one has 121")
    page.locator("textarea[name=json]").fill(json.dumps([ALIAS, ALIAS]))
    page.get_by_role("button", name="Put it into the rows").click()
    expect(page.locator("#route-2-problems")).to_contain_text("Row 1 answers the same method")
    page.locator("[name=remove-2]").check()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("form#routes-form")).to_contain_text("Every row keeps the rules")
