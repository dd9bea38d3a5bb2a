"""What a job's page says while its gateway is stopped: no log is live that nobody may read."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.models import Job
from teams.models import User
from wallets import halts

pytestmark = pytest.mark.django_db


def test_log_of_a_running_job_is_not_live_while_nobody_may_read_it(
    as_bob: Client, running: Job, bob: User
) -> None:
    live = '<span class="status running"'
    log = as_bob.get(f"/jobs/{running.pk}").content.decode().partition('<h2 id="log">')[2]
    assert live in log.partition("</header>")[0]
    halt = halts.stop(actor=bob.actor, why="Moving", gateway=running.project.gateway)
    page = as_bob.get(f"/jobs/{running.pk}").content.decode()
    log = page.partition('<h2 id="log">')[2]
    assert live not in log.partition("</header>")[0]
    assert f"{halts.said(halt)} It goes on from here when it is resumed." in page
