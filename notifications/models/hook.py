"""Webhooks of teams, and what was sent to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team


class Hook(models.Model):
    """One address that hears of a team's events.

    The address may hold a token (chats' do), so it is sealed like the secret: pages show `address`, its host, only.
    """

    class Form(models.TextChoices):
        SIGNED = "signed", _("Signed JSON")
        SLACK = "slack", _("Slack-compatible")
        DISCORD = "discord", _("Discord-compatible")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="hooks")
    name = models.CharField(max_length=80)
    form = models.CharField(max_length=10, choices=Form)
    address = models.CharField(max_length=300)
    url_sealed = models.BinaryField(default=bytes)
    secret_sealed = models.BinaryField(default=bytes)
    events = models.JSONField(default=list)
    on = models.BooleanField(default=True)
    # Switched off by a restore; null again once somebody has switched it.
    off_since_restore = models.DateTimeField(null=True)
    # Nothing is tried before: it did not answer a moment ago.
    held_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # Who saw the present secret, or typed the present address, last.
    known_to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message to one webhook, and how the last try went. Its id goes along, so that receivers can tell repeats."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    occurrence = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["hook", "event", "object_id", "occurrence"], name="delivery_once"
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="queued"), name="delivery_due"),
            models.Index(fields=["hook", "-created_at"], name="delivery_log"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"
