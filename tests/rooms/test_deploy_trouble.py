"""Deploys and projects that stop half-way at Run402, and the buttons that go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Furnished
from tests.rooms.sandbox import Outside
from tools.sites import site

pytestmark = pytest.mark.rooms


def review(page: Page, troubled: str, folder: Path, name: str) -> None:
    """Upload a site with a file of this name, and tick what has to be ticked."""
    steps.upload(page, troubled, {**site(1), name: name.encode()}, folder)
    steps.tick(page)


def problem(page: Page, words: str) -> None:
    box = page.get_by_role("group", name="What went wrong")
    expect(box).to_contain_text(words, timeout=steps.PATIENCE)


def test_an_activation_that_stopped_is_resumed(
    owner_page: Page, troubled: str, tmp_path: Path, outside: Outside
) -> None:
    page = owner_page
    review(page, troubled, tmp_path, "resumed.txt")
    outside.turn("activation_pending", message="The activation stopped.", retryable=False)
    steps.submit(page, "form#confirm")
    problem(page, "The activation stopped.")
    page.get_by_role("button", name="Resume").click()
    steps.wait_until_live(page)
    assert outside.visit("troubled", "/resumed.txt").text == "resumed.txt"


def test_a_release_that_needs_repair_says_what_serves_and_can_be_planned_again(
    owner_page: Page, troubled: str, tmp_path: Path, outside: Outside
) -> None:
    page = owner_page
    review(page, troubled, tmp_path, "repaired.txt")
    outside.turn("needs_repair", code="BROKEN_HALFWAY", message="The release broke half-way.")
    steps.submit(page, "form#confirm")
    problem(page, "BROKEN_HALFWAY")
    expect(page.get_by_role("region", name="Deploy of troubled")).to_contain_text("as before.")
    assert outside.visit("troubled", "/repaired.txt").status_code == 404
    page.get_by_role("button", name="Plan again").click()
    expect(page.locator("form#confirm")).to_be_visible(timeout=steps.PATIENCE)
    steps.confirm(page)
    assert outside.visit("troubled", "/repaired.txt").text == "repaired.txt"


def test_a_base_that_moved_under_the_commit_is_planned_anew_by_itself(
    owner_page: Page, troubled: str, tmp_path: Path, outside: Outside
) -> None:
    page = owner_page
    review(page, troubled, tmp_path, "rebased.txt")
    outside.turn("base_conflict")
    steps.submit(page, "form#confirm")
    steps.wait_until_live(page)
    assert outside.visit("troubled", "/rebased.txt").text == "rebased.txt"


def test_a_commit_whose_answer_is_lost_is_followed_to_its_end(
    owner_page: Page, troubled: str, tmp_path: Path, outside: Outside
) -> None:
    page = owner_page
    review(page, troubled, tmp_path, "lost.txt")
    outside.turn("drop_after", method="POST", path="/apply/v1/plans/*/commit")
    steps.submit(page, "form#confirm")
    steps.wait_until_live(page)
    assert outside.visit("troubled", "/lost.txt").text == "lost.txt"


def test_a_project_that_could_not_be_made_is_tried_again(
    owner_page: Page, furnished: Furnished, outside: Outside
) -> None:
    page = owner_page
    refusal = {"status": 403, "code": "NOT_TODAY", "message": "No project today.", "mutation_state": "none"}
    outside.turn("status", method="POST", path="/projects/v1", safe_to_retry=True, **refusal)
    page.goto("/projects/new")
    page.locator("main input[name=name]").fill("second-try")
    steps.submit(page, "main form")
    problem(page, "No project today.")
    expect(page.locator("main")).to_contain_text("Nothing was made. Remove the cause, then try again")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("main a[href*='/deploys/new']").first).to_be_visible(timeout=steps.PATIENCE)


def test_a_project_name_against_the_rules_is_refused(
    owner_page: Page, furnished: Furnished, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page = owner_page
    page.goto("/projects/new")
    page.locator("main input[name=name]").fill("   ")
    steps.submit(page, "main form")
    expect(page.locator("main .error").first).to_be_visible()
    expect(page).to_have_url("/projects/new")
