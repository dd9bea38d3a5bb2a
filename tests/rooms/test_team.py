"""A team's life in several browsers: invited, accepted, given another role, removed; and a second person's word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished, log_in
from tests.rooms.people import PASSWORD
from tools.stack import Owner

pytestmark = pytest.mark.rooms

NEW_PASSWORD = "a quiet river in november"


@pytest.fixture
def stranger(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A browser in which nobody is signed in."""
    with browser.new_context(**browser_context_args) as context:
        yield context.new_page()


def invite(page: Page, email: str, role: str) -> str:
    """Invite somebody who reaches one project only; return the link that is shown once."""
    page.goto("/team/invite")
    steps.confirm_oneself(page, PASSWORD)
    page.locator("form#invite input[name=email]").fill(email)
    page.locator(f"form#invite input[name=role][value={role}]").check()
    page.locator("form#invite input[name=project_reach][value=chosen]").check()
    page.locator("form#invite .which label", has_text="views").click()
    steps.submit(page, "form#invite")
    return page.locator("#invitation-link").input_value()


def accept(page: Page, link: str, name: str) -> None:
    """Open the link in a browser of one's own, and set name and password."""
    page.goto(link)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Password once more").fill(NEW_PASSWORD)
    steps.submit(page, "form#account-form")
    expect(page).to_have_url("/")


def member(page: Page, name: str) -> str:
    """Go to the page of a member; return its path."""
    page.goto("/team")
    page.locator("main tbody a", has_text=name).click()
    expect(page.locator("main h1")).to_have_text(name)
    return steps.path_of(page)


def test_somebody_is_invited_works_changes_role_and_is_removed(
    enter: Enter, furnished: Furnished, stranger: Page
) -> None:
    owner = enter("alice")
    link = invite(owner, "niko@example.com", "developer")
    owner.goto("/team")
    expect(owner.locator("section[aria-labelledby=invited]")).to_contain_text("niko@example.com")

    accept(stranger, link, "Niko")
    expect(stranger.locator(".toast.ok").first).to_contain_text("Welcome to My team.")
    stranger.goto(link)
    expect(stranger.locator("h1")).to_have_text("This invitation is not valid any more")
    stranger.goto("/team")
    expect(stranger.locator("main tbody tr", has_text="Niko")).to_contain_text("1 project, all wallets")

    page = member(owner, "Niko")
    owner.locator("form#role-form input[name=role][value=viewer]").check()
    steps.submit(owner, "form#role-form")
    steps.confirm_oneself(owner, PASSWORD)
    expect(owner.locator(".toast.ok").first).to_contain_text("Niko is now Viewer.")

    stranger.goto("/projects/")
    expect(stranger).to_have_url(re.compile(r"/accounts/login/"))
    log_in(stranger, Owner("niko@example.com", NEW_PASSWORD))
    stranger.goto("/team")
    expect(stranger.locator("main")).to_contain_text("You are Viewer in My team.")

    owner.goto(page)
    owner.get_by_role("link", name="Remove").click()
    steps.confirm_oneself(owner, PASSWORD)
    steps.submit(owner, "form#remove-form")
    expect(owner.locator("main h1")).to_have_text("What Niko can still do")
    expect(owner.locator("main")).to_contain_text("They are not in the team any more.")
    owner.goto("/team")
    expect(owner.locator("main tbody")).not_to_contain_text("Niko")
    log_in(stranger, Owner("niko@example.com", NEW_PASSWORD))
    expect(stranger.locator("h1")).to_have_text("You are in no team")


def test_an_invited_person_with_an_account_signs_in_and_accepts_without_script(
    enter: Enter,
    furnished: Furnished,
    browser: Browser,
    browser_context_args: dict[str, Any],
    people: dict[str, Owner],
) -> None:
    owner = enter("alice")
    link = invite(owner, "frank@example.com", "viewer")
    with browser.new_context(**{**browser_context_args, "java_script_enabled": False}) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("link", name="Sign in").click()
        page.locator("input[name=login]").fill("frank@example.com")
        page.locator("input[name=password]").fill(people["frank"].password)
        page.locator("form:has(input[name=password]) [type=submit]").click()
        expect(page.locator("h1")).to_have_text("Join My team")
        steps.submit(page, "form#accept-form")
        page.goto("/team")
        expect(page.locator("main")).to_contain_text("You are Viewer in My team.")
        page.get_by_role("link", name="Leave the team").click()
        steps.submit(page, "form#leave-form")
        expect(page.locator(".switcher").first).to_contain_text("Team of frank")


def test_a_withdrawn_invitation_and_a_wrong_link_read_the_same(
    enter: Enter, furnished: Furnished, stranger: Page
) -> None:
    owner = enter("alice")
    link = invite(owner, "nora@example.com", "billing")
    owner.goto("/team")
    owner.locator("li", has_text="nora@example.com").get_by_role("button", name="Withdraw").click()
    expect(owner.locator(".toast.ok").first).to_contain_text("The invitation of nora@example.com is over.")
    for address in (link, "/invitation/made-up"):
        stranger.goto(address)
        expect(stranger.locator("h1")).to_have_text("This invitation is not valid any more")


def test_a_second_person_compares_six_words_and_approves(enter: Enter, furnished: Furnished) -> None:
    owner, billing, viewer = enter("alice"), enter("henry"), enter("dora")
    wallet = steps.make_rich_wallet(owner, "Two people")
    owner.goto(f"{wallet}/limits")
    owner.get_by_label("Any payment of this wallet").fill("0.05")
    steps.submit(owner, "form#limits-form")
    steps.settle(owner)

    steps.open_tier(billing, wallet)
    steps.submit(billing, "form#pay")
    billing.goto("/payments/approvals")
    row = billing.locator("main tbody tr", has_text="Waits for approval")
    steps.see(billing, row)  # a worker has to have taken it
    row.locator("a").click()
    words = billing.locator("ol.words li").all_text_contents()
    assert len(words) == len({*words}) == 6
    expect(billing.get_by_role("button", name="Approve")).to_have_count(0)
    path = steps.path_of(billing)

    viewer.goto(path)
    expect(viewer.locator("ol.words li")).to_have_text(words)
    expect(viewer.get_by_role("button", name="Approve")).to_have_count(0)
    assert steps.post(viewer, path.replace("approval", "approve"), digest="0").status == 403

    owner.goto("/")
    need = owner.locator("section[aria-labelledby=needs] li", has_text="henry")
    need.get_by_role("link", name="Review").click()
    expect(owner.locator("ol.words li")).to_have_text(words)
    owner.get_by_role("button", name="Approve").click()
    steps.confirm_oneself(owner, PASSWORD)
    expect(owner.locator("#operation-log")).to_contain_text("Settled: $0.10.", timeout=steps.PATIENCE)
    owner.goto("/payments/approvals")
    expect(owner.locator("main tbody tr").first).to_contain_text("Approved")
