"""Taking a team's operations along, narrowed like the page that offers it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import slugify

from audit.record import Subject, record
from operations import files
from operations.models import Operation
from operations.record import Export
from teams.models import Team, User


def export(
    *, team: Team, actor: User, found: QuerySet[Operation], form: str, filters: dict[str, str]
) -> Export:
    """Record the export and return the file. `form` is one of files.FORMATS."""
    details = {"format": form, **({"filters": filters} if filters else {})}
    with transaction.atomic():
        subject = Subject("team", str(team.pk), team.name)
        record("operation.exported", team_id=team.pk, actor=actor.actor, subject=subject, details=details)
    lines = files.as_csv(found) if form == "csv" else files.jsonl(found)
    name = f"operations-{slugify(team.name) or 'team'}-{timezone.now():%Y-%m-%d}.{form}"
    return Export(name, files.FORMATS[form], lines)
