"""The small scripts of the panel in a real browser. Page and answers are made here, the scripts are the real ones."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template import engines
from playwright.sync_api import Page, Route, expect

from tests import needs
from tests.held import Held
from tools import machine

pytestmark = needs.chromium

ADDRESS = "http://panel.test"
PAGE = """{% extends "base.html" %}
{% block title %}Test{% endblock %}
{% block body %}<main id="main">BODY</main>{% include "components/_palette.html" %}{% endblock %}
"""
PLACES = [
    SimpleNamespace(label="Wallets", icon="wallet", url="/wallets", key="w"),
    SimpleNamespace(label="Projects", icon="box", url="/projects", key="p"),
]
SHELL = SimpleNamespace(nav=[SimpleNamespace(label="", items=PLACES)])
POLLING = (
    '<p id="state" data-announce="{word}" hx-get="/state" hx-trigger="poll" hx-swap="outerHTML" data-poll="20">'
    "{word}</p>"
)

Show = Callable[[str], Page]


class Answers:
    """What the pretended panel answers: a list of (status, body) for each path; the last one stays."""

    def __init__(self) -> None:
        self.by_path: dict[str, list[tuple[int, str]]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        #: Paths whose answers are kept until they are let go.
        self.late: set[str] = set()
        self.kept: list[Route] = []

    def handle(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS).partition("?")[0]
        if path.startswith("/static/"):
            route.fulfill(path=str(finders.find(path.removeprefix("/static/"))))
            return
        self.asked.append(f"{route.request.method} {path}")
        if path in self.late:
            self.kept.append(route)
        else:
            self.answer(route, path)

    def let_go(self) -> None:
        for route in self.kept:
            self.answer(route, route.request.url.removeprefix(ADDRESS))

    def answer(self, route: Route, path: str) -> None:
        answers = self.by_path.get(path, [(200, "")])
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        headers = {"Content-Type": "text/html", **self.headers.get(path, {})}
        route.fulfill(status=status, body=body, headers=headers)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = ["--disable-quic", "--disable-background-networking"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": machine.chromium_path(), "args": arguments}


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def show(page: Page, answers: Answers) -> Show:
    """Return a function that shows markup as a page of the panel."""
    page.route(f"{ADDRESS}/**", answers.handle)
    page.set_default_timeout(5000)

    def shown(body: str) -> Page:
        template = engines["django"].from_string(PAGE.replace("BODY", body))
        answers.by_path["/"] = [(200, template.render({"csrf_token": "token", "shell": SHELL}))]
        page.goto(f"{ADDRESS}/")
        return page

    return shown


def test_fragment_polls_until_the_server_ends_it(show: Show, answers: Answers) -> None:
    going = POLLING.format(word="Running")
    answers.by_path["/state"] = [(200, going), (200, going), (286, POLLING.format(word="Done"))]
    page = show(going)
    expect(page.locator("#state")).to_have_text("Done")
    page.wait_for_timeout(200)
    assert answers.asked.count("GET /state") == 3


def test_fragment_without_a_delay_is_the_last(show: Show, answers: Answers) -> None:
    answers.by_path["/state"] = [(200, '<p id="state" data-announce="Done">Done</p>')]
    page = show(POLLING.format(word="Running"))
    expect(page.locator("#announcer")).to_have_text("Done")
    page.wait_for_timeout(100)
    assert answers.asked.count("GET /state") == 1


def test_empty_answer_keeps_the_fragment_and_asks_again(show: Show, answers: Answers) -> None:
    answers.by_path["/state"] = [(204, ""), (204, ""), (200, '<p id="state">Done</p>')]
    page = show(POLLING.format(word="Running"))
    expect(page.locator("#state")).to_have_text("Done")


def test_failed_poll_is_said_once_and_tried_again(show: Show, answers: Answers) -> None:
    answers.by_path["/state"] = [(502, ""), (200, '<p id="state">Done</p>')]
    page = show(POLLING.format(word="Running"))
    expect(page.locator("#toasts .toast")).to_have_count(1)
    expect(page.locator("#state")).to_have_text("Done")
    expect(page.locator("#toasts .toast")).to_have_count(0)


def test_nothing_is_replaced_beneath_a_press(show: Show, answers: Answers) -> None:
    answers.by_path["/state"] = [(200, '<p id="state">Done</p>')]
    page = show(POLLING.format(word="Running").replace('data-poll="20"', 'data-poll="200"'))
    page.locator("#state").hover()
    page.mouse.down()
    page.wait_for_timeout(900)
    assert "GET /state" in answers.asked
    expect(page.locator("#state")).to_have_text("Running")
    page.mouse.up()
    expect(page.locator("#state")).to_have_text("Done")


def test_page_that_is_being_left_is_not_loaded_anew(show: Show, answers: Answers, page: Page) -> None:
    """The reload at an operation's end would call the form back that is on its way."""
    answers.by_path["/state"] = [(286, "")]
    answers.headers["/state"] = {"HX-Refresh": "true"}
    answers.by_path["/again"] = [(200, "<p>Submitted</p>")]
    answers.late.add("/again")
    form = '<form method="post" action="/again"><button type="submit">Run again</button></form>'
    show(form + POLLING.format(word="Cancelled").replace('data-poll="20"', 'data-poll="300"'))
    page.locator("main button").click(no_wait_after=True)
    page.wait_for_timeout(900)
    assert "GET /state" in answers.asked
    answers.let_go()
    expect(page.locator("body")).to_have_text("Submitted")
    assert answers.asked.count("GET /") == 1


def test_refused_poll_ends(show: Show, answers: Answers) -> None:
    answers.by_path["/state"] = [(404, "")]
    page = show(POLLING.format(word="Running"))
    page.wait_for_timeout(1500)
    assert answers.asked.count("GET /state") == 1


def test_form_is_sent_once(show: Show, answers: Answers) -> None:
    form = '<form method="post" action="/pay" target="frame"><button type="submit">Pay</button></form>'
    page = show(form + '<iframe name="frame" title="Answer"></iframe>')
    page.evaluate(
        "() => { const b = document.querySelector('main button'); b.click(); b.click(); b.click(); }"
    )
    expect(page.locator("main button")).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(100)
    assert answers.asked.count("POST /pay") == 1


def test_button_waits_for_every_tick_and_the_typed_name(show: Show) -> None:
    page = show(
        '<form id="plan" data-acknowledge><input type="checkbox" data-must aria-label="Yes">'
        '<input data-must-type="tidepool" aria-label="Name"><button data-when-done>Go</button>'
        '<b data-open-count="plan"></b></form>'
    )
    expect(page.locator("b")).to_have_text("2")
    page.get_by_label("Yes").check()
    expect(page.get_by_role("button", name="Go")).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("tidepool")
    expect(page.get_by_role("button", name="Go")).to_be_enabled()


def test_palette_opens_by_key_and_goes_to_what_was_typed(show: Show, answers: Answers) -> None:
    answers.by_path["/search"] = [
        (200, '<a role="option" href="/projects">Projects</a><a role="option" href="/x">X</a>')
    ]
    page = show("<h1>Here</h1>")
    page.keyboard.press("Control+k")
    with page.expect_response("**/search?q=proj"):
        page.keyboard.type("proj")
    expect(page.get_by_role("option", selected=True)).to_have_text("Projects")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_text("X")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{ADDRESS}/projects")


@pytest.mark.parametrize(
    ("fresh", "chosen"),
    [
        (["/new", "/x", "/projects"], "/projects"),  # the chosen place, wherever it stands now
        (["/new", "/x"], "/new"),  # the first, when the chosen one is not among them
    ],
)
def test_results_that_come_late_keep_what_an_arrow_chose(
    show: Show, answers: Answers, fresh: list[str], chosen: str
) -> None:
    page = show("<h1>Here</h1>")
    search = Held(page, "**/search*")
    page.keyboard.press("Control+k")
    asked = search.come()
    page.keyboard.press("ArrowDown")
    selected = page.get_by_role("option", selected=True)
    expect(selected).to_have_attribute("href", "/projects")
    _answer(asked, *fresh)
    expect(page.get_by_role("option")).to_have_count(len(fresh))
    expect(selected).to_have_attribute("href", chosen)
    identity = selected.get_attribute("id") or "none"
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", identity)


def test_results_for_another_text_begin_at_the_first(show: Show) -> None:
    page = show("<h1>Here</h1>")
    search = Held(page, "**/search*")
    page.keyboard.press("Control+k")
    search.come()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("x")
    _answer(search.come(), "/x", "/projects")
    selected = page.get_by_role("option", selected=True)
    expect(selected).to_have_attribute("href", "/x")


def _answer(route: Route, *places: str) -> None:
    options = [f'<a role="option" aria-selected="false" href="{place}">{place}</a>' for place in places]
    route.fulfill(body="".join(options), content_type="text/html")


def test_answer_for_the_dialog_opens_it(show: Show, answers: Answers) -> None:
    answers.by_path["/ask"] = [(200, '<h2 id="dialog-title">Sure?</h2><button data-close>Keep</button>')]
    page = show('<a href="/ask" hx-get="/ask" hx-target="#dialog">Delete</a>')
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("dialog", name="Sure?")).to_be_visible()
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#dialog")).to_be_hidden()


def test_what_something_takes_counts_on_in_the_page(show: Show) -> None:
    page = show("".join(f"<p data-elapsed='{seconds}'>{seconds}</p>" for seconds in (3.4, 59, 3725, 90061)))
    counted = page.locator("[data-elapsed]")
    expect(counted.nth(0)).to_have_text(re.compile(r"^[4-9]\.\d s$"))
    expect(counted.nth(1)).to_have_text(re.compile(r"^1 min( \d s)?$"))
    assert counted.nth(2).text_content() == "1 h 2 min"
    assert counted.nth(3).text_content() == "1 d 1 h"


def test_what_is_left_counts_down_in_the_page_and_never_below_nothing(show: Show) -> None:
    page = show("".join(f"<p data-left='{seconds}'>{seconds}</p>" for seconds in (61, 3725, 1)))
    left = page.locator("[data-left]")
    assert left.nth(1).text_content() in ("1 h 2 min", "1 h 1 min")
    expect(left.nth(0)).to_have_text(re.compile(r"^5\d s$"))
    expect(left.nth(2)).to_have_text("0.0 s")


def test_relative_time_is_refreshed_in_the_same_words(show: Show) -> None:
    page = show("{% now 'c' as at %}<time datetime='{{ at }}' data-relative>stale</time>")
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("time")).to_have_text("just now")


def test_chosen_file_is_named_with_its_size(show: Show) -> None:
    page = show(
        "<div data-dropzone><p data-dropzone-ask hidden>Drop</p><p data-dropzone-file hidden></p>"
        '<input type="file" aria-label="Site"></div>'
    )
    expect(page.get_by_text("Drop")).to_be_visible()
    page.get_by_label("Site").set_input_files(
        {"name": "site.zip", "mimeType": "application/zip", "buffer": b"x" * 8204}
    )
    expect(page.get_by_text("site.zip, 8.2 KB")).to_be_visible()
    expect(page.get_by_text("Drop")).to_be_hidden()


def test_expired_session_reloads_the_page(show: Show, answers: Answers) -> None:
    page = show('<a hx-get="/accounts/login/" hx-target="#main" href="/x">Open</a>')
    with page.expect_navigation(url=f"{ADDRESS}/"):
        page.get_by_role("link", name="Open").click()
    assert answers.asked.count("GET /") == 2


def test_keys_walk_through_rows_and_places(show: Show) -> None:
    page = show(
        '<ul class="list"><li><a href="/a">A</a></li><li><a href="/b">B</a></li></ul>'
        '<a href="/wallets" data-shortcut="w">Wallets</a>'
    )
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="B")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(f"{ADDRESS}/wallets")
