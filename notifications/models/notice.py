"""What people were told, and of what they want a mail."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from teams.models import Team


class Notice(models.Model):
    """One thing that one person was told. The inbox shows it as long as they reach what it is about.

    `team` None: it is about the instance. The unique key keeps anybody from being told twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    event = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    occurrence = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    text = models.CharField(max_length=500, blank=True)
    url = models.CharField(max_length=200, blank=True)
    # Rooms above own projects, so these are ids: the inbox asks the reader's reach for them.
    project_id = models.UUIDField(null=True)
    wallet_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "event", "object_id", "occurrence"], name="notice_once"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notice_inbox"),
            models.Index(fields=["person", "team"], condition=models.Q(read_at=None), name="notice_unread"),
            models.Index(fields=["event", "object_id"], name="notice_about"),
        ]

    def __str__(self) -> str:
        return self.title


class MailRule(models.Model):
    """Whether a person wants a mail for a type of event; without a row its default counts."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_rules")
    event = models.CharField(max_length=40)
    mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="mail_rule_once")]

    def __str__(self) -> str:
        return f"{self.event}: {self.mail}"
