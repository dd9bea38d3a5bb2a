"""Files of a release reach the browser through a signed link of five minutes, where nothing in them can run."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from deploys import raw, store
from deploys.models import Release
from teams.models import Session, Team, User
from tests.factories import ProjectFactory, ReleaseFactory, WalletFactory
from tests.fixtures import ClientAs

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n and so on"
FILES = {
    "index.html": (b"<script>alert(1)</script>", "text/html; charset=utf-8"),
    "art/logo.png": (PNG, "image/png"),
    "art/logo.svg": (b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "notes/\u202egpj.exe": (b"MZ", "application/octet-stream"),
}
SANDBOXED = "sandbox; default-src 'none'"


@pytest.fixture
def release(team: Team, alice: User, gateway: object) -> Release:
    """A release whose bytes are in the archive."""
    project = ProjectFactory.create(team=team, wallet=WalletFactory.create(team=team, owner=alice))
    site = {
        path: {"sha256": store.put([data]).sha256, "size": len(data), "content_type": kind}
        for path, (data, kind) in FILES.items()
    }
    made: Release = ReleaseFactory.create(project=project, archive={"site": site}, file_count=len(site))
    return made


def asked(browser: Client, release: Release, path: str) -> Any:
    return browser.get(f"/projects/{release.project_id}/releases/{release.pk}/file", {"path": path})


def link(browser: Client, release: Release, path: str) -> str:
    answer = asked(browser, release, path)
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_page_of_a_release_links_to_its_files(client_as: ClientAs, dora: User, release: Release) -> None:
    page = client_as(dora).get(f"/projects/{release.project_id}/releases/{release.pk}").content.decode()
    address = f"/projects/{release.project_id}/releases/{release.pk}/file?path="
    assert [f'href="{address}{path}"' in page for path in ("index.html", "art%2Flogo.png")] == [True, True]


@pytest.mark.parametrize(
    ("path", "kind", "disposition"),
    [
        ("index.html", "application/octet-stream", 'attachment; filename="index.html"'),
        ("art/logo.png", "image/png", 'inline; filename="logo.png"'),
        ("art/logo.svg", "application/octet-stream", 'attachment; filename="logo.svg"'),
        ("notes/\u202egpj.exe", "application/octet-stream", "attachment; filename*=utf-8''%EF%BF%BDgpj.exe"),
    ],
)
def test_only_a_picture_is_drawn(
    client_as: ClientAs, dora: User, release: Release, path: str, kind: str, disposition: str
) -> None:
    answer = Client().get(link(client_as(dora), release, path))
    assert (answer.status_code, answer.getvalue()) == (200, FILES[path][0])
    wanted = {
        "Content-Type": kind,
        "Content-Disposition": disposition,
        "Content-Security-Policy": SANDBOXED,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=300",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted


def test_serving_reads_no_cookie_and_sets_none(
    client_as: ClientAs, alice: User, release: Release, django_assert_num_queries: Any
) -> None:
    browser = client_as(alice)
    address = link(browser, release, "index.html")
    before = Session.objects.get().seen_at
    with time_machine.travel(timezone.now() + timedelta(minutes=4), tick=False), django_assert_num_queries(0):
        answer = browser.get(address)
    assert (answer.status_code, dict(answer.cookies), "Vary" in answer.headers) == (200, {}, False)
    assert Session.objects.get().seen_at == before
    assert answer.getvalue() == FILES["index.html"][0]


def test_link_runs_out_after_five_minutes(client_as: ClientAs, alice: User, release: Release) -> None:
    address = link(client_as(alice), release, "index.html")
    with time_machine.travel(timezone.now() + timedelta(seconds=raw.SECONDS + 2), tick=False):
        answer = Client().get(address)
    assert (answer.status_code, "It worked for five minutes." in answer.content.decode()) == (410, True)
    assert dict(answer.cookies) == {}


@pytest.mark.parametrize("change", ["{}x", "x{}", "{}:", "nonsense"])
def test_link_that_nobody_made_leads_nowhere(
    client_as: ClientAs, alice: User, release: Release, change: str
) -> None:
    capability = link(client_as(alice), release, "index.html").removeprefix("/raw/")
    assert Client().get(f"/raw/{change.format(capability)}").status_code == 404


def test_signature_for_another_purpose_opens_nothing(release: Release) -> None:
    entry = release.archive["site"]["index.html"]
    forged = signing.dumps(
        [str(release.team_id), entry["sha256"], "index.html", "text/html"], salt="elsewhere"
    )
    assert Client().get(f"/raw/{forged}").status_code == 404


def test_lost_bytes_are_not_found(client_as: ClientAs, alice: User, release: Release) -> None:
    release.archive["site"]["gone.txt"] = {"sha256": "0" * 64, "size": 1, "content_type": "text/plain"}
    release.save()
    assert Client().get(link(client_as(alice), release, "gone.txt")).status_code == 404


def test_another_team_gets_no_link(client_as: ClientAs, charlie: User, alice: User, release: Release) -> None:
    assert asked(client_as(charlie), release, "index.html").status_code == 404
    assert asked(client_as(alice), release, "nothing.html").status_code == 404
    assert asked(Client(), release, "index.html").headers["Location"].startswith("/accounts/login/")


def test_links_do_not_stand_in_the_log(
    client_as: ClientAs, alice: User, release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does Django's own line about a refused one."""
    address = link(client_as(alice), release, "index.html")
    handler = next(h for h in logging.getLogger().handlers if any(f for f in h.filters))
    caplog.set_level(logging.INFO)
    caplog.handler.filters = list(handler.filters)
    Client().get(address).getvalue()
    Client().get(f"{address}x")
    assert [record for record in caplog.records if address in record.getMessage()] == []
    assert any("/raw/…" in record.getMessage() for record in caplog.records)
