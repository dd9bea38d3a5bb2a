"""A job at the browser: submitted, watched, cancelled, run again, and its file saved; also by plain forms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.sandbox import Outside
from tests.rooms.test_accessibility import violations
from tests.rooms.test_views import SCREENS, Camera

pytestmark = pytest.mark.rooms

CAP = "0.05"


@pytest.fixture
def paid(owner_page: Page, furnished: Furnished, outside: Outside) -> Iterator[Furnished]:
    """The furnished project, whose wallet has a balance at the sandbox."""
    owner_page.goto(furnished.wallet)
    found = re.search(r"0x[0-9a-fA-F]{40}", owner_page.content())
    assert found is not None
    outside.credit(found[0], 1_000_000)
    yield furnished
    outside.clear()


def fill(page: Page, project: str, *, text: str = '{"message": "Hello"}', cap: str = CAP) -> None:
    page.goto(f"/jobs/new?project={project.rsplit('/', 1)[1]}")
    page.locator("form#job textarea[name=input]").fill(text)
    page.locator("form#job input[name=cap]").fill(cap)
    steps.submit(page, "form#job")


def expect_status(page: Page, word: str) -> None:
    expect(page.locator("main .page-head .status")).to_contain_text(word, timeout=steps.PATIENCE)


def rest(page: Page) -> None:
    """Wait until the page asks no more: it loads itself anew once then."""
    page.wait_for_load_state()
    expect(page.locator("#job[hx-get]")).to_have_count(0, timeout=steps.PATIENCE)


def test_job_is_submitted_watched_and_its_file_saved(owner_page: Page, paid: Furnished) -> None:
    page = owner_page
    fill(page, paid.project)
    expect_status(page, "Completed")
    expect(page.locator("main ol.log")).to_contain_text("Runner ended: completed.", timeout=steps.PATIENCE)
    expect(page.locator("section[aria-labelledby=cost]")).to_contain_text("$0.05")
    rest(page)
    page.get_by_role("button", name="Fetch summary.json").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save", exact=True).click(timeout=steps.PATIENCE)
    assert json.loads(saved.value.path().read_text())["job_type"].startswith("kysigned.")
    page.goto(paid.project)
    expect(page.locator("#project-jobs")).to_contain_text("fflonk_prove")


def test_running_job_is_cancelled_and_run_again(owner_page: Page, paid: Furnished, outside: Outside) -> None:
    page = owner_page
    outside.turn("job", seconds=600)
    fill(page, paid.project)
    expect_status(page, "Running")
    expect(page.locator("main ol.log")).to_contain_text("Runner started", timeout=steps.PATIENCE)
    page.locator("#cancel").click()
    expect_status(page, "Cancelled")
    page.locator("#again").click(timeout=steps.PATIENCE)
    expect_status(page, "Completed")
    expect(page.locator("main")).to_contain_text("an earlier job")


def test_cap_below_the_price_leads_to_a_form_with_what_was_typed(owner_page: Page, paid: Furnished) -> None:
    page = owner_page
    fill(page, paid.project, cap="0.001")
    expect_status(page, "Not submitted")
    page.get_by_role("link", name="Submit it with a higher cap").click()
    expect(page.locator("form#job input[name=cap]")).to_have_value("0.001000")
    expect(page.locator("form#job textarea[name=input]")).to_have_value(re.compile("Hello"))


def test_job_goes_by_plain_forms(enter: Enter, paid: Furnished) -> None:
    page = enter("alice", scripts=False)
    page.goto(f"/jobs/new?project={paid.project.rsplit('/', 1)[1]}")
    page.get_by_role("link", name="JSON", exact=True).click()
    job = {
        "job_type": "kysigned.fflonk_prove.v0_17_0",
        "input": {"input.json": {}},
        "max_cost_usd_micros": 50_000,
    }
    page.locator("form#job textarea[name=job]").fill(json.dumps(job))
    steps.submit(page, "form#job")
    steps.see(page, page.locator("main .page-head .status").get_by_text("Completed"))
    page.get_by_role("button", name="Fetch summary.json").click()
    steps.see(page, page.get_by_role("link", name="Save", exact=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_jobs_fit(
    owner_page: Page, paid: Furnished, outside: Outside, expected_errors: list[str], width: int, scheme: str
) -> None:
    expected_errors.append("422")
    page = owner_page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    camera = Camera(page, f"jobs-{width}-{scheme}")
    SCREENS.mkdir(parents=True, exist_ok=True)
    outside.turn("job", seconds=600)
    fill(page, paid.project)
    expect(page.locator("main ol.log")).to_contain_text("Runner started", timeout=steps.PATIENCE)
    camera.shoot("running")
    page.locator("#cancel").click()
    expect_status(page, "Cancelled")
    fill(page, paid.project, cap="0.001")
    expect_status(page, "Not submitted")
    rest(page)
    camera.shoot("refused")
    fill(page, paid.project)
    expect_status(page, "Completed")
    expect(page.locator("main ol.log")).to_contain_text("Runner ended", timeout=steps.PATIENCE)
    rest(page)
    camera.shoot("completed")
    found = violations(page)
    page.goto("/jobs")
    camera.shoot("list")
    found += violations(page)
    page.goto(f"/jobs/new?project={paid.project.rsplit('/', 1)[1]}")
    camera.shoot("new")
    steps.submit(page, "form#job")
    page.goto(f"/jobs/new?project={paid.project.rsplit('/', 1)[1]}&as=json")
    camera.shoot("json")
    steps.submit(page, "form#job")
    camera.shoot("json-refused")
    found += violations(page)
    page.goto(paid.project)
    expect(page.locator("#project-jobs")).to_contain_text("fflonk_prove")
    camera.shoot("project")
    assert found == []
