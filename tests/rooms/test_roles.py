"""Who may only look sees no button that changes anything; who is of another team sees nothing at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rooms import steps
from tests.rooms.conftest import Enter, Furnished
from tools.sites import site

pytestmark = pytest.mark.rooms

#: What a viewer may press: reading again, the theme, the switcher, signing out, filtering.
HARMLESS = re.compile(r"/(refresh|theme|switch|logout/)$")


Places = dict[str, str]


@pytest.fixture
def places(owner_page: Page, furnished: Furnished, tmp_path: Path) -> Places:
    """The path of one thing of each kind, and a plan that waits for somebody."""
    page = owner_page
    found = {"wallet": furnished.wallet, "project": furnished.project}
    for kind, path, links in (
        ("payment", "/payments", "tbody th a"),
        ("operation", "/activity/?kind=project.provision", "tbody th a"),
        ("release", f"{furnished.project}/releases", "#releases tbody th a"),
    ):
        page.goto(path)
        found[kind] = page.locator(f"main {links}").last.get_attribute("href") or ""
    steps.upload(page, furnished.project, {**site(1), "viewed.txt": b"1"}, tmp_path)
    return {**found, "deploy": steps.path_of(page)}


def changing_forms(page: Page) -> list[str]:
    """Return where the page's forms lead that change something."""
    forms = page.locator("form[method=post]").evaluate_all("forms => forms.map(form => form.action)")
    return [action for action in forms if not HARMLESS.search(action)]


def test_a_viewer_sees_every_page_and_no_button_that_changes(enter: Enter, places: Places) -> None:
    page = enter("dora")
    lists = ("/", "/projects/", "/deploys", "/wallets/", "/payments", "/tiers", "/activity/", "/settings")
    team = ("/team", "/team/rules")
    for path in (*lists, *team, *places.values(), f"{places['project']}/releases"):
        page.goto(path)
        expect(page.locator("main h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")  # parts of some pages come by their own requests
        assert changing_forms(page) == [], path
        expect(page.locator("main .button.primary:not([target=_blank])")).to_have_count(0)


def test_a_viewer_is_told_who_can_confirm_a_plan(enter: Enter, places: Places) -> None:
    page = enter("dora")
    page.goto(places["deploy"])
    expect(page.locator("main")).to_contain_text("Owners, admins and developers of this team can confirm it.")
    expect(page.locator("form#confirm")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/wallets/new", "you need to be Owner, Admin or Billing in this team. You are Viewer."),
        ("/projects/new", "you need to be Owner, Admin or Developer in this team. You are Viewer."),
        ("/deploys/new", "you need to be Owner, Admin or Developer in this team. You are Viewer."),
    ],
)
def test_a_viewer_at_a_form_is_told_who_may(
    enter: Enter, furnished: Furnished, expected_errors: list[str], path: str, words: str
) -> None:
    expected_errors.append("403")
    page = enter("dora")
    page.goto(path)
    expect(page.locator("main h1")).to_have_text("You may not do this")
    expect(page.locator("main")).to_contain_text(words)


def test_a_viewer_cannot_change_anything_past_the_pages(enter: Enter, places: Places) -> None:
    page = enter("dora")
    page.goto("/")
    wallet, project = places["wallet"], places["project"]
    for path in (
        "/wallets/new",
        "/wallets/import",
        f"{wallet}/faucet",
        f"{wallet}/limits",
        f"{wallet}/tier/prototype",
        f"{places['payment']}/reconcile",
        "/projects/new",
        f"{project}/again",
        "/deploys/new",
        f"{places['deploy']}/confirm",
        f"{places['deploy']}/cancel",
        f"{places['deploy']}/again",
        f"{places['deploy']}/resume",
        f"{places['release']}/redeploy",
        f"{places['operation']}/cancel",
    ):
        answer = steps.post(page, path)
        assert answer.status == 403, path
        assert "in this team. You are Viewer." in answer.text(), path


def test_a_stranger_finds_nothing_of_another_team(
    enter: Enter, places: Places, expected_errors: list[str]
) -> None:
    expected_errors.append("404")
    page = enter("charlie")
    for path in places.values():
        page.goto(path)
        expect(page.locator("main h1")).to_have_text("Page not found")
    page.goto("/")
    wallet, project, deploy = places["wallet"], places["project"], places["deploy"]
    for path in (
        f"{wallet}/faucet",
        f"{wallet}/limits",
        f"{wallet}/tier/prototype",
        f"{project}/refresh",
        f"{deploy}/confirm",
        f"{deploy}/cancel",
        f"{places['release']}/redeploy",
        f"{places['operation']}/cancel",
    ):
        assert steps.post(page, path).status == 404, path


def test_a_stranger_has_lists_of_their_own(enter: Enter, furnished: Furnished) -> None:
    page = enter("charlie")
    for path in (
        "/",
        "/projects/",
        "/wallets/",
        "/deploys",
        "/payments",
        "/activity/",
        "/activity/?tab=audit",
    ):
        page.goto(path)
        expect(page.locator("main")).not_to_contain_text("Studio")
        expect(page.locator("main")).not_to_contain_text("views")
    page.goto("/search?q=views")
    expect(page.locator("main")).to_contain_text("Nothing matches “views”")


def test_a_developer_deploys_and_pays_for_nothing(
    enter: Enter, furnished: Furnished, expected_errors: list[str]
) -> None:
    expected_errors.append("403")
    page = enter("grace")
    page.goto(furnished.project)
    expect(page.locator("main").get_by_role("link", name="Deploy", exact=True)).to_be_visible()
    page.goto(f"/tiers?wallet={furnished.wallet.rsplit('/', 1)[1]}")
    expect(page.locator("#prices")).to_contain_text("Prototype")
    expect(page.locator("#prices a[href*='/tier/']")).to_have_count(0)
    page.goto(furnished.wallet)
    expect(page.get_by_role("link", name="Change")).to_have_count(0)
    page.goto(f"{furnished.wallet}/tier/prototype")
    expect(page.locator("main")).to_contain_text("You are Developer.")
