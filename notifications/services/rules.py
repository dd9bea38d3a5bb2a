"""Of what a person wants mail."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from notifications.events import ALL
from notifications.models import MailRule
from teams.models import User


def set_mail_rules(*, person: User, wanted: Collection[str]) -> None:
    """Keep a choice for every type of event: those named get a mail, the others none."""
    rows = [MailRule(person=person, event=each.name, mail=each.name in wanted) for each in ALL]
    with transaction.atomic():
        MailRule.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["person", "event"], update_fields=["mail"]
        )
