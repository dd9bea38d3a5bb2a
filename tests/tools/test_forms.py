"""The smoke run's browser without JavaScript."""

from __future__ import annotations

import pytest

from tools.forms import Page, PageError

HTML = """
<title>New wallet</title>
<input form="wallet" type="checkbox" name="ack" value="before the form">
<form id="search" action="/search" method="get"><input name="q" value="x"></form>
<form id="wallet" action="/wallets/new" method="post">
  <input type="hidden" name="csrfmiddlewaretoken" value="token">
  <input name="label" value="Main &amp; only">
  <input type="checkbox" name="agreed"><input type="checkbox" name="kept" value="yes" checked>
  <input type="radio" name="origin" value="made" checked><input type="radio" name="origin" value="imported">
  <select name="gateway"><option value="1">Cloud</option><option value="2" selected>Sandbox</option></select>
  <select name="first"><option value="a">A</option><option value="b">B</option></select>
  <textarea name="note">
two
lines</textarea>
  <input name="off" value="1" disabled>
  <button name="do" value="make">Make</button><button type="button" name="not" value="sent">Help</button>
</form>
<input form="wallet" name="outside" value="in">
<form id="pay-7" action="/wallets/7/tier/hobby?x=1" method="post"><input name="digest" value="d"></form>
<p data-state="running"></p><a href="/wallets/7">Seven</a>
"""


@pytest.fixture
def page() -> Page:
    return Page("/wallets/new", 200, HTML)


def test_a_form_sends_what_a_browser_would(page: Page) -> None:
    form = page.form(id="wallet")
    assert form.fields == {
        "csrfmiddlewaretoken": ["token"],
        "label": ["Main & only"],
        "kept": ["yes"],
        "origin": ["made"],
        "gateway": ["2"],
        "first": ["a"],
        "note": ["two\nlines"],
        "outside": ["in"],
    }
    assert form.buttons == [("do", "make")]


def test_choices_are_listed_whether_chosen_or_not(page: Page) -> None:
    assert page.form(id="wallet").choices == {
        "ack": ["before the form"],
        "agreed": ["on"],
        "kept": ["yes"],
        "origin": ["made", "imported"],
        "gateway": ["1", "2"],
        "first": ["a", "b"],
    }


def test_a_form_is_found_by_the_end_of_its_action_without_its_query(page: Page) -> None:
    assert page.form(action="/tier/hobby").id == "pay-7"


def test_a_form_is_found_by_a_field(page: Page) -> None:
    assert page.form(field="digest").id == "pay-7"


def test_a_missing_form_says_which_there_are(page: Page) -> None:
    with pytest.raises(PageError, match="no form with id 'confirm'; its forms: id='search'"):
        page.form(id="confirm")


def test_title_attributes_and_links_are_read(page: Page) -> None:
    assert (page.title, page.attribute("data-state"), page.links()) == (
        "New wallet",
        "running",
        ["/wallets/7"],
    )
