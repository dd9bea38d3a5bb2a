"""Who submitted a job is told when it has ended, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from jobs.models import Job
from notifications import watch
from notifications.models import Mail, MailRule, Notice
from teams.models import Role
from tests.factories import JobFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, str, str]]:
    rows = Notice.objects.filter(event="job.ended").order_by("title")
    return [(row.title, row.text, row.url) for row in rows]


def ended(**fields: object) -> Job:
    now = timezone.now()
    job: Job = JobFactory.create(
        **{"status": "completed", "ended_at": now, "read_at": now, "project__name": "tidepool", **fields}
    )
    MembershipFactory.create(team=job.team, user=job.created_by, role=Role.DEVELOPER)
    return job


def test_who_submitted_a_job_is_told_once_how_it_ended_and_what_it_cost() -> None:
    done = ended(cost_micros=12_000)
    failed = ended(status="failed", error_message="The runner ran out of memory.")
    JobFactory.create()  # runs still
    watch.look()
    Job.objects.update(read_at=timezone.now())  # read again, as by somebody who looks at its log
    watch.look()
    assert told() == [
        ("Completed: fflonk_prove of tidepool", "It cost $0.012.", f"/jobs/{done.pk}"),
        ("Failed: fflonk_prove of tidepool", "The runner ran out of memory.", f"/jobs/{failed.pk}"),
    ]
    assert Notice.objects.get(object_id=str(done.pk)).person == done.created_by


def test_nobody_is_told_what_they_did_themselves_or_what_is_long_over() -> None:
    ended(status="cancelled")
    now = timezone.now()
    ended(ended_at=now - timedelta(days=31))
    ended(ended_at=now - timedelta(days=2), read_at=now - timedelta(days=2))
    watch.look()
    assert told() == []


def test_an_end_that_was_read_late_is_told() -> None:
    """No worker ran for some days."""
    ended(ended_at=timezone.now() - timedelta(days=3))
    watch.look()
    assert len(told()) == 1


def test_mail_is_sent_to_who_wants_it(settings: Settings, keysets: None) -> None:
    settings.MAIL_FROM = "panel@example.com"
    job = ended()
    MailRule.objects.create(person=job.created_by, event="job.ended", mail=True)
    watch.look()
    assert [mail.to for mail in Mail.objects.all()] == [job.created_by.email]
