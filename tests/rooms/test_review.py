"""Operations whose outcome nobody knows: somebody looks, has them go on, or says what became of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tests.rooms.sandbox import Outside

pytestmark = pytest.mark.rooms


def lose_the_answer(page: Page, outside: Outside, name: str) -> str:
    """Make a project whose answer never comes; return the page of the operation that waits for review."""
    outside.turn("drop_after", method="POST", path="/projects/v1")
    page.goto("/projects/new")
    page.locator("main input[name=name]").fill(name)
    steps.submit(page, "main form")
    page.wait_for_url("**/projects/*")
    page.goto(f"/activity/?q={name}")
    steps.see(page, page.locator("tbody tr", has_text="Outcome unknown"))
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("region", name="What became of it?")).to_be_visible()
    return steps.path_of(page)


def test_what_was_lost_is_inspected_and_resumed(
    owner_page: Page, furnished: Furnished, outside: Outside
) -> None:
    page = owner_page
    operation = lose_the_answer(page, outside, "lost-and-found")
    review = page.get_by_role("region", name="What became of it?")
    expect(review).to_contain_text("It is not repeated by itself.")
    expect(review).to_contain_text("Nobody knows whether it happened")
    review.get_by_role("button", name="Inspect").click()
    expect(page.locator("#operation-log")).to_contain_text(
        "has Run402 asked what became of it", timeout=steps.PATIENCE
    )
    steps.see(page, review.get_by_role("button", name="Resume"))
    review.get_by_role("button", name="Resume").click()
    expect(page.locator(".page-head")).to_contain_text("Succeeded", timeout=steps.PATIENCE)
    expect(page).to_have_url(operation)
    page.get_by_role("link", name="Open what it is about").click()
    expect(page.locator("main a[href*='/deploys/new']").first).to_be_visible()


def test_what_was_lost_is_marked_with_a_note_and_copied_for_support(
    owner_page: Page, furnished: Furnished, outside: Outside
) -> None:
    page = owner_page
    operation = lose_the_answer(page, outside, "lost-for-good")
    page.context.grant_permissions(["clipboard-write"])
    page.get_by_role("link", name="Copy for support").click()
    expect(page.locator("a.button.copied")).to_be_visible()
    text = page.request.get(f"{operation}/support").text()
    assert operation.rsplit("/", 1)[1] in text
    assert "POST /projects/v1  no answer" in text
    page.locator("summary", has_text="Mark as done or failed").click()
    page.get_by_label("How do you know?").fill("Support says it is not there")
    page.get_by_role("button", name="Mark as failed").click()
    expect(page.locator(".page-head")).to_contain_text("Failed")
    expect(page.locator("#operation-log")).to_contain_text("Support says it is not there")
    page.goto("/activity/?tab=audit&q=marked")
    expect(page.locator("tbody tr").first).to_contain_text("Marked as failed")
    expect(page.locator("tbody tr").first).to_contain_text("Support says it is not there")


def test_without_scripts_the_text_is_a_page_and_the_form_marks(
    enter: Enter, owner_page: Page, furnished: Furnished, outside: Outside, expected_errors: list[str]
) -> None:
    expected_errors.append("favicon.ico")  # a text names no icon, so the browser asks for the usual one
    operation = lose_the_answer(owner_page, outside, "lost-plainly")
    page = enter("erin", scripts=False)
    page.goto(operation)
    page.get_by_role("link", name="Copy for support").click()
    expect(page.locator("body")).to_contain_text("Run402 Panel")
    page.goto(operation)
    page.locator("summary", has_text="Mark as done or failed").click()
    page.get_by_label("How do you know?").fill("Made by hand")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.locator(".page-head")).to_contain_text("Succeeded")
