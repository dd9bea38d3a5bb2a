"""What no form and no link of the panel makes is refused with a sentence before anything reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from core.limits import UPLOADS_AT_ONCE, upload_place
from core.wsgi import PanelWSGIRequest
from run402_panel import wsgi
from teams.models import User
from tests.fixtures import ClientAs

Send = Callable[[Client], Any]
LOGIN = "/accounts/login/"
FORM = "application/x-www-form-urlencoded"
REFUSED: dict[str, tuple[Send, int, str]] = {
    "a long address": (lambda c: c.get("/search", {"q": "a" * 5000}), 414, "This address is too long"),
    "a NUL in the path": (lambda c: c.get("/projects/%00"), 400, "This address cannot be read"),
    "a NUL in the query": (lambda c: c.get("/search?q=%00"), 400, "This address cannot be read"),
    "a method nobody takes": (lambda c: c.generic("PURGE", "/"), 405, "That cannot be done here"),
    "TRACE": (lambda c: c.trace("/"), 405, "That cannot be done here"),
    "a POST to a page": (lambda c: c.post("/search"), 405, "That cannot be done here"),
    "an encoding that is none": (
        lambda c: c.generic("POST", LOGIN, b"login=a", f"{FORM}; charset=rot13"), 415, "This encoding",
    ),
    "an encoding of a query": (
        lambda c: c.get("/search?q=a", headers={"content-type": "text/plain; charset=undefined"}), 415, "UTF-8 only",
    ),
    "an encoding of an encoding": (
        lambda c: c.generic("POST", LOGIN, b"login=a", f"{FORM}; charset*=rot13''%78"), 415, "UTF-8 only",
    ),
    "a large body": (
        lambda c: c.post(LOGIN, b"login=" + bytes(3_000_000), content_type=FORM), 413, "too much at once",
    ),
    "a large file where none is taken": (
        lambda c: c.post(LOGIN, {"login": "a", "file": SimpleUploadedFile("f", bytes(3_000_000))}),
        413, "too much at once",
    ),
    "many fields": (
        lambda c: c.post("/theme", {f"f{n}": "x" for n in range(1500)}), 413, "too much at once",
    ),
    "a broken multipart body": (
        lambda c: c.post("/theme", b"--nothing", content_type="multipart/form-data; boundary="), 400, "cannot be read",
    ),
    "a foreign host": (lambda c: c.get("/", headers={"host": "x.example"}), 400, "cannot be read"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _requests_as_gunicorn_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wsgi.application.request_class is PanelWSGIRequest
    monkeypatch.setattr("django.test.client.WSGIRequest", PanelWSGIRequest)


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_with_a_sentence(client_as: ClientAs, alice: User, gateway: object, what: str) -> None:
    send, status, words = REFUSED[what]
    answer = send(client_as(alice))
    page = answer.content.decode()
    assert (answer.status_code, words in page, "Traceback" in page) == (status, True, False)


@pytest.mark.django_db
def test_a_refused_method_names_those_that_work(client_as: ClientAs, alice: User, gateway: object) -> None:
    assert client_as(alice).post("/search").headers["Allow"] == "GET, HEAD"


@pytest.mark.django_db
def test_two_uploads_of_one_person_leave_no_room_for_a_third(
    client_as: ClientAs, alice: User, bob: User, gateway: object
) -> None:
    with upload_place(alice.pk) as first, upload_place(alice.pk) as second:
        assert (first, second, UPLOADS_AT_ONCE) == (True, True, 2)
        refused = client_as(alice).post("/deploys/new", {})
        assert (refused.status_code, "still arriving" in refused.content.decode()) == (429, True)
        assert client_as(alice).get("/deploys/new").status_code == 200
        assert client_as(bob).post("/deploys/new", {}).status_code == 422
    assert client_as(alice).post("/deploys/new", {}).status_code == 422


@pytest.mark.django_db
def test_an_upload_far_beyond_the_limit_is_not_even_read(
    client_as: ClientAs, alice: User, gateway: object, settings: Settings
) -> None:
    settings.UPLOAD_MAX_BYTES = 1024
    answer = client_as(alice).post("/deploys/new", {"archive": SimpleUploadedFile("a.zip", bytes(8192))})
    assert answer.status_code == 413
