"""A lost database and a full disk are told as what they are, and nothing is half kept."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError

from core.outages import Outage, outage_of
from deploys.models import Deploy, Source
from teams.models import Team, User
from tests.deploys.conftest import SITE, zipped
from tests.factories import ProjectFactory
from tests.fixtures import ClientAs
from tools.layout import ROOT

SIGN_IN = (
    "import django; django.setup()\n"
    "from django.test import Client\n"
    "browser = Client(raise_request_exception=False)\n"
    "answer = browser.post('/accounts/login/', {'login': 'alice@example.com', 'password': 'a long one indeed'})\n"
    "print(answer.status_code, answer.headers.get('Retry-After'), answer.content.decode())"
)


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationalError("connection refused"), Outage.DATABASE),
        (OperationalError("database is locked"), Outage.DATABASE),
        (OperationalError("unable to open database file"), Outage.DATABASE),
        (InterfaceError("connection already closed"), Outage.DATABASE),
        (OperationalError("database or disk is full"), Outage.DISK),
        (OperationalError('could not extend file "base/1": No space left on device'), Outage.DISK),
        (OSError(errno.ENOSPC, "No space left on device"), Outage.DISK),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), Outage.DISK),
        (OperationalError("no such table: teams_team"), None),
        (OSError(errno.EACCES, "Permission denied"), None),
        (ZeroDivisionError(), None),
        (None, None),
    ],
)
def test_outages_are_told_from_mistakes(error: BaseException | None, outage: Outage | None) -> None:
    assert outage_of(error) is outage


def test_the_outage_is_found_behind_another_error() -> None:
    outer = ValueError("while handling")
    outer.__context__ = OSError(errno.ENOSPC, "full")
    outer.__context__.__context__ = outer  # a circle ends too
    assert outage_of(outer) is Outage.DISK


@pytest.mark.parametrize("where", ["nobody listens", "no file"])
def test_a_database_that_is_gone_is_told_with_503(tmp_path: Path, where: str) -> None:
    own = {
        "PANEL_ENV": "test",
        "PANEL_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "run402_panel.settings",
    }
    if where == "nobody listens":
        own["PANEL_DATABASE_URL"] = "postgresql://panel:secret@127.0.0.1:9/panel"
    else:
        (tmp_path / "panel.sqlite3").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PANEL_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", SIGN_IN],
        cwd=ROOT,
        env={**kept, **own},
        capture_output=True,
        text=True,
        check=True,
    )
    status, retry, page = done.stdout.split(" ", 2)
    assert (status, retry) == ("503", "10")
    assert ("The panel cannot reach its database" in page, "secret" in page) == (True, False)


@pytest.mark.django_db
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_an_upload_onto_a_full_disk_is_told_and_leaves_nothing(
    client_as: ClientAs,
    alice: User,
    team: Team,
    tmp_path: Path,
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.STORE_DIR = tmp_path / "store"  # type: ignore[attr-defined]  # pytest-django's settings
    project = ProjectFactory.create(team=team, wallet__owner=alice, created_by=alice)
    browser = client_as(alice)
    browser.raise_request_exception = False
    made: list[str] = []

    def full(**options: Path) -> tuple[int, str]:
        made.append(str(options["dir"] / "upload"))
        Path(made[0]).touch()
        return os.open("/dev/full", os.O_WRONLY), made[0]

    monkeypatch.setattr(tempfile, "mkstemp", full)
    file = SimpleUploadedFile("site.zip", zipped(SITE), "application/zip")
    answer = browser.post("/deploys/new", {"project": str(project.pk), "archive": file})
    assert answer.status_code == 503
    assert "The panel&#x27;s disk is full" in answer.content.decode()
    assert (Deploy.objects.count(), Source.objects.count(), Path(made[0]).exists()) == (0, 0, False)
