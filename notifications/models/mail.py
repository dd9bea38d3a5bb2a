"""The outbox: a letter stands here, sealed to the worker, until the worker has sent it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team


class Mail(models.Model):
    """One letter to one address. Its text may hold a one-time link, so it is sealed, and emptied when it was sent."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="mails")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body_sealed = models.BinaryField(default=bytes)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="queued"), name="mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.state})"
