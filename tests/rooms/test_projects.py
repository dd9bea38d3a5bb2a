"""Projects: the list and its filters, adopting what the CLI made, deleting one for good."""

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
from tools.stack import Owner

pytestmark = pytest.mark.rooms


def choose_file(page: Page, wallet: str, folder: Path, projects: object) -> None:
    """Give the CLI's file to the form, for a wallet, and look what is in it."""
    file = folder / "projects.json"
    file.write_text(json.dumps({"projects": projects}))
    page.goto(f"/projects/adopt?wallet={wallet.rsplit('/', 1)[1]}")
    page.locator("form#adopt input[type=file]").set_input_files(file)
    steps.submit(page, "form#adopt")
    expect(page.locator("form#chosen")).to_be_visible()


def address_of(page: Page, wallet: str) -> str:
    page.goto(wallet)
    return page.locator("main [data-copy^='0x']").first.get_attribute("data-copy") or ""


def row(name: str) -> str:
    return f"tr:has(th a:text-is('{name}'))"


def test_what_the_cli_made_is_adopted_from_its_file(
    owner_page: Page, furnished: Furnished, outside: Outside, tmp_path: Path
) -> None:
    page = owner_page
    made = outside.make_project(address_of(page, furnished.wallet), "kiln-booking")
    keys = {"anon_key": made["anon_key"], "service_key": made["service_key"]}
    choose_file(page, furnished.wallet, tmp_path, {made["id"]: keys, "broken": {}})
    expect(page.locator("form#chosen")).to_contain_text("This is no id of a project")
    steps.submit(page, "form#chosen")
    expect(page.locator("h1")).to_have_text("kiln-booking", timeout=steps.PATIENCE)
    expect(page.locator("#keys")).to_contain_text(made["anon_key"])
    expect(page.locator("#keys")).to_contain_text("Sealed")
    assert made["service_key"] not in page.content()
    choose_file(page, furnished.wallet, tmp_path, {made["id"]: keys})
    expect(page.locator("form#chosen")).to_contain_text("Here already")


def test_project_of_another_wallet_is_refused_and_leaves_the_list(
    owner_page: Page, owner: Owner, furnished: Furnished, outside: Outside, tmp_path: Path
) -> None:
    page = owner_page
    made = outside.make_project("0x" + "7" * 40, "not-mine")
    choose_file(page, furnished.wallet, tmp_path, {made["id"]: {"service_key": made["service_key"]}})
    steps.submit(page, "form#chosen")
    expect(page.locator("main")).to_contain_text(
        f"Studio has no project {made['id']} at Sandbox.", timeout=steps.PATIENCE
    )
    page.get_by_role("link", name="Take it off the list").click()
    steps.confirm_oneself(page, owner.password)
    page.locator("form#delete input[name=name]").fill(made["id"])
    steps.submit(page, "form#delete")
    page.wait_for_url("**/projects/")
    expect(page.locator(row(made["id"]))).to_have_count(0)


def test_project_is_deleted_once_its_name_is_typed(
    owner_page: Page, owner: Owner, furnished: Furnished, outside: Outside, tmp_path: Path
) -> None:
    page = owner_page
    project = steps.make_live_project(page, "shortlived", site(1), tmp_path)
    assert outside.visit("shortlived").status_code == 200
    page.goto(project)
    page.get_by_role("link", name="Delete this project").click()
    steps.confirm_oneself(page, owner.password)
    expect(page.locator("form#delete")).to_contain_text("1 release")
    button = page.locator("form#delete [type=submit]")
    expect(button).to_be_disabled()
    page.locator("form#delete input[name=name]").fill("shortlive")
    expect(button).to_be_disabled()
    page.locator("form#delete input[name=name]").fill("shortlived")
    button.click()
    expect(page.locator("main")).to_contain_text("This project is deleted.", timeout=steps.PATIENCE)
    assert outside.visit("shortlived").status_code == 404
    page.goto("/projects/")
    expect(page.locator(row("shortlived"))).to_have_count(0)
    page.goto("/projects/?state=deleted")
    expect(page.locator(row("shortlived"))).to_have_count(1)


def test_list_is_narrowed_by_its_address_without_javascript(enter: Enter, furnished: Furnished) -> None:
    page = enter("dora", scripts=False)
    page.goto("/projects/")
    page.locator("form.filters select[name=state]").select_option("serving")
    page.locator("form.filters input[name=q]").fill("views")
    page.locator("form.filters [type=submit]").click()
    expect(page).to_have_url("/projects/?q=views&state=serving&gateway=&wallet=")
    expect(page.locator(row("views"))).to_have_count(1)
    page.locator(".chip.on", has_text="Serving").click()
    expect(page).to_have_url("/projects/?q=views")
    expect(page.get_by_role("link", name="Adopt")).to_have_count(0)


def test_equal_command_unfolds_and_is_copied(owner_page: Page, furnished: Furnished) -> None:
    page = owner_page
    page.goto(furnished.project)
    about = page.get_by_role("region", name="About")
    about.get_by_text("From a terminal").click()
    copy = about.get_by_role("button", name="Copy", exact=True)
    copy.click()
    expect(copy).to_have_class(re.compile("copied"))
    expect(about.locator("details code")).to_contain_text("run402 projects info prj_")
