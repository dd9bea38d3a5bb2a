"""Leaving, in browsers: the report with a button for each piece, one's own data, and the operator's page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.people import PASSWORD, make_people
from tools.layout import ROOT
from tools.stack import Owner, Stack

pytestmark = pytest.mark.rooms


def test_a_leaver_is_gone_through_piece_by_piece(enter: Enter, stack: Stack, furnished: Furnished) -> None:
    make_people(stack, {"lena": ("admin",)})
    owner = enter("alice")
    owner.goto("/team")
    owner.locator("main tbody a", has_text="lena@example.com").click()
    owner.get_by_role("link", name="Leaver’s report").click()
    expect(owner.locator("main h1")).to_have_text("What lena@example.com can still do")
    expect(owner.locator("section[aria-labelledby=open] li")).to_have_count(1)
    owner.get_by_role("button", name="Remove from the team").click()
    steps.confirm_oneself(owner, PASSWORD)
    expect(owner.locator("main")).to_contain_text("They are not in the team any more.")
    expect(owner.locator("main")).to_contain_text("They can do nothing in this team, and took no key along.")


def test_somebody_takes_their_data_along_and_erases_themselves(
    enter: Enter, stack: Stack, people: dict[str, Owner], tmp_path: Path
) -> None:
    people.update(make_people(stack, {"vera": ("viewer",)}))
    page = enter("vera")
    page.goto("/account/data")
    steps.confirm_oneself(page, PASSWORD)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download your data").click()
    file = tmp_path / "own.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["account"]["email"] == "vera@example.com"
    page.get_by_label("Type your e-mail address to erase your account").fill("vera@example.com")
    page.get_by_role("button", name="Erase my account").click()
    page.wait_for_url("**/accounts/login/**")
    page.locator("input[name=login]").fill("vera@example.com")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) [type=submit]").click()
    expect(page.locator("main")).to_contain_text("E-mail and password do not match.")


def test_an_operator_sees_the_instance_and_decides_who_makes_teams(
    enter: Enter, stack: Stack, expected_errors: list[str]
) -> None:
    expected_errors.append("/instance)")
    for remove in ((), ("--remove",)):
        subprocess.run(
            [sys.executable, "manage.py", "operator", "frank@example.com", *remove],
            cwd=ROOT,
            env=stack.layout.environment("web"),
            check=True,
            capture_output=True,
        )
        page = enter("frank")
        if remove:
            answer = page.goto("/instance")
            assert answer is not None
            assert answer.status == 403
            continue
        page.get_by_role("link", name="Instance").first.click()
        expect(page.locator("section[aria-labelledby=health]")).to_contain_text("Database")
        page.locator("label", has_text="Everybody who signs in").click()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("input[name=open][value=yes]")).to_be_checked()
        page.locator("label", has_text="Operators").click()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("input[name=open][value='']")).to_be_checked()
