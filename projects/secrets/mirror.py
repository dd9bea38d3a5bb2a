"""What the panel knows of a project's secrets: the one writer of Secret rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

import run402.resources.secrets
from projects.models import Project
from projects.secrets.models import Secret


def write(project: Project, listed: Sequence[run402.resources.secrets.Secret], started: datetime) -> None:
    """Write a list that was asked for at `started`. Call it in a transaction.

    What the list lacks goes, unless it was heard of later than that.
    """
    now = timezone.now()
    rows = [
        Secret(
            project=project,
            key=row.key[:128],
            created_at=row.created_at,
            updated_at=row.updated_at,
            seen_at=now,
        )
        for row in {row.key: row for row in listed}.values()
    ]
    Secret.objects.filter(project=project, seen_at__lt=started).exclude(
        key__in=[row.key for row in rows]
    ).delete()
    _upsert(rows, "created_at", "updated_at", "seen_at")
    Project.objects.filter(pk=project.pk).update(secrets_at=now)


def note_set(project: Project, key: str) -> None:
    """Write what was just set, with our own clock until the list tells Run402's."""
    now = timezone.now()
    row = Secret(project=project, key=key, created_at=now, updated_at=now, seen_at=now)
    _upsert([row], "updated_at", "seen_at")


def note_deleted(project: Project, key: str) -> None:
    """Forget what was just deleted."""
    Secret.objects.filter(project=project, key=key).delete()


def _upsert(rows: list[Secret], *fields: str) -> None:
    if rows:
        Secret.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["project", "key"], update_fields=list(fields)
        )
