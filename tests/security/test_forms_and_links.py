"""What pages offer is what their reader may do; foreign ids in forms and queries, and foreign addresses, do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse

from teams.access import OperatorOnly, Personal, Public
from teams.permissions import Action, allows
from tests.factories import PASSWORD
from tests.security.matrix.addresses import ADDRESSES, OWN, Address, permission_of
from tests.security.matrix.answers import FINE, ask
from tests.security.matrix.furniture import FOREIGN, HIDDEN, Things
from tests.security.matrix.mentions import mentions
from tests.security.matrix.pages import Form, Page, noun_of, with_other_ids
from tests.security.matrix.world import LIMITED, MEMBERS, NEWCOMERS, ROLES, World, undone

pytestmark = pytest.mark.django_db

MOST_PAGES = 400
EVIL = ("https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)")


@pytest.fixture(scope="module")
def walks(world: World) -> dict[str, list[Page]]:
    """Every page that a visitor gets to from the addresses of the panel, read once for all tests of this file."""
    return {}


def walked(world: World, walks: dict[str, list[Page]], visitor: str) -> list[Page]:
    """Return the pages of a visitor."""
    if visitor not in walks:
        walks[visitor] = list(_walk(world, visitor))
    return walks[visitor]


def _walk(world: World, visitor: str) -> Iterator[Page]:
    line = [address.url(world.near) for address in ADDRESSES.values() if _is_a_page(address, visitor)]
    seen = set(line)
    while line:
        path = line.pop(0)
        with undone():
            answer, response = ask(world.browser(visitor), "get", path)
        if answer.status in (302, 405) or not response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            continue
        assert answer.word == FINE, f"As {visitor} a page links to {path}, which answers {answer.status}."
        page = Page(urlsplit(path).path, response)
        yield page
        fresh = {link for link in page.addresses if permission_of(urlsplit(link).path)} - seen
        line += sorted(fresh)
        seen |= fresh
        assert len(seen) < MOST_PAGES, "The pages link to more and more of each other."


def _is_a_page(address: Address, visitor: str) -> bool:
    there = (visitor not in NEWCOMERS or not address.parameters) and (
        address.name not in OWN or visitor == "owner"
    )
    return there and isinstance(address.permission, Action) and allows(ROLES[visitor], address.permission)


def _may(visitor: str, path: str) -> bool:
    permission = permission_of(urlsplit(path).path)
    if isinstance(permission, Action):
        return allows(ROLES[visitor], permission)
    return isinstance(permission, Personal | Public) and not isinstance(permission, OperatorOnly)


def _send(world: World, visitor: str, form: Form, fields: dict[str, str]) -> HttpResponse:
    browser = world.browser(visitor)
    url = urlsplit(form.action).path
    response: HttpResponse = getattr(browser, form.method)(url, fields)
    return response


@pytest.mark.parametrize("visitor", [*MEMBERS, *NEWCOMERS])
def test_pages_offer_what_their_reader_may(world: World, walks: dict[str, list[Page]], visitor: str) -> None:
    """No dead link, no button that answers 403 or 404: whoever sees it may use it."""
    tried: set[str] = set()
    for page in walked(world, walks, visitor):
        for link in page.addresses:
            if permission_of(urlsplit(link).path) is not None:
                assert _may(visitor, link), f"{page.path} shows {link} to a {visitor}, whose role may not."
        for form in page.forms:
            if form.method != "post" or form.action in tried:
                continue
            tried.add(form.action)
            assert _may(visitor, form.action), f"{page.path} shows {form.action} to a {visitor}."
            with undone():
                status = _send(world, visitor, form, form.fields).status_code
            assert status not in (403, 404, 405), (
                f"{page.path} offers {form.action} to a {visitor}: it answers {status}."
            )
    assert len(tried) > 1


def test_a_limited_member_reads_no_hidden_name(world: World, walks: dict[str, list[Page]]) -> None:
    pages = walked(world, walks, LIMITED)
    assert [page.path for page in pages if HIDDEN in page.text or world.far["wallet"] in page.text] == []
    assert len(pages) > 15


@pytest.mark.parametrize("visitor", MEMBERS)
def test_nobody_reads_another_teams_name(world: World, walks: dict[str, list[Page]], visitor: str) -> None:
    assert [page.path for page in walked(world, walks, visitor) if FOREIGN in page.text] == []


@pytest.mark.parametrize(("visitor", "others"), [("owner", "foreign"), (LIMITED, "far")])
def test_foreign_ids_in_forms_do_nothing(
    world: World, walks: dict[str, list[Page]], visitor: str, others: str
) -> None:
    """Each field of each form that takes the id of something is sent the id of what is not the sender's."""
    other: Things = getattr(world, others)
    before, sent = mentions(other), 0
    for form, name, noun in _fields_with_ids(world, walked(world, walks, visitor)):
        with undone():
            response = _send(world, visitor, form, {**form.fields, name: other[noun]})
            assert response.status_code < 500
            assert mentions(other) == before, f"{form.action} took a foreign {noun} in “{name}”."
            text = response.content.decode(errors="replace")
        assert FOREIGN not in text, f"{form.action} shows what a foreign {noun} in “{name}” is called."
        assert visitor != LIMITED or HIDDEN not in text, f"{form.action} shows what is out of reach."
        sent += 1
    assert sent > 3


@pytest.mark.parametrize(("visitor", "others"), [("owner", "foreign"), (LIMITED, "far")])
def test_foreign_ids_in_queries_show_nothing(
    world: World, walks: dict[str, list[Page]], visitor: str, others: str
) -> None:
    other: Things = getattr(world, others)
    links = {link for page in walked(world, walks, visitor) for link in page.addresses}
    changed = {found for link in links for found in with_other_ids(link, world.near, other)}
    for url in sorted(changed):
        with undone():
            answer, response = ask(world.browser(visitor), "get", url)
        assert answer.status < 500
        assert (FOREIGN if visitor == "owner" else HIDDEN) not in response.content.decode(), url
    assert changed


def test_no_form_leads_to_another_site(world: World, walks: dict[str, list[Page]]) -> None:
    sent = 0
    for form in _forms(walked(world, walks, "owner")):
        for evil in EVIL if "next" in form.fields or form.method == "post" else ():
            with undone():
                response = _send(world, "owner", form, {**form.fields, "next": evil})
            target = response.headers.get("Location") or response.headers.get("HX-Redirect") or "/"
            assert target.startswith("/"), f"{form.action} leads to {target}"
            assert not target.startswith(("//", "/\\")), f"{form.action} leads to {target}"
            sent += 1
    assert sent > 10


def test_signing_in_leads_to_no_other_site(world: World) -> None:
    person = {"login": world.people["owner"].email, "password": PASSWORD}
    for evil in (*EVIL, "/payments"):
        with undone():
            answer = world.browser("anonymous").post("/accounts/login/", {**person, "next": evil})
        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            "/payments" if evil == "/payments" else "/",
        )


def _forms(pages: list[Page]) -> list[Form]:
    """Return every form once, however many pages show it."""
    found = {
        (form.action, form.method, tuple(sorted(form.fields))): form for page in pages for form in page.forms
    }
    return list(found.values())


def _fields_with_ids(world: World, pages: list[Page]) -> Iterator[tuple[Form, str, str]]:
    for form in _forms(pages):
        for name, offered in form.offered.items():
            for noun in {noun_of(value, world.near) for value in offered} - {"", "tier"}:
                yield form, name, noun
