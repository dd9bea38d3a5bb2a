"""Jobs, as they were asked for and as Run402 tells them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from operations.models import Operation
from projects.models import Project
from teams.models import Team
from wallets.models import Wallet


class Job(models.Model):
    """One run of what Run402 manages. `cap_micros` is what it may cost at most, in USDC micros.

    `spec` is what was asked for: {"job_type", "input_json", "callback_url"?}. `status` is Run402's own word once
    `remote_id` is there, known here or not; before that one of `Before`, and `After.GONE` once nothing is told of it
    any more. `artifacts` lists {"name", "content_type", "sha256", "size_bytes"}; `told` is Run402's last answer whole.
    """

    class Before(models.TextChoices):
        """Where a job stands that Run402 does not know (yet)."""

        SUBMITTING = "submitting", _("Being submitted")
        REFUSED = "not_submitted", _("Not submitted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class After(models.TextChoices):
        """Where a job stands that Run402 knows no longer, or tells the panel nothing of."""

        GONE = "gone", _("Gone at Run402")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="jobs")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="jobs")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="jobs")
    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, null=True, related_name="job")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    again = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="repeats")
    job_type = models.CharField(max_length=120)
    spec = models.JSONField(default=dict)
    cap_micros = models.BigIntegerField()
    network = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    remote_id = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=60, default=Before.SUBMITTING)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cost_micros = models.BigIntegerField(null=True)
    billing_status = models.CharField(max_length=60, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error_message = models.TextField(blank=True)
    artifacts = models.JSONField(default=list)
    told = models.JSONField(default=dict)
    # When Run402 was last read, and when somebody last had its page open.
    read_at = models.DateTimeField(null=True)
    watched_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="job_of_team"),
            models.Index(fields=["project", "-created_at"], name="job_of_project"),
            models.Index(
                fields=["read_at"],
                condition=models.Q(ended_at__isnull=True) & ~models.Q(remote_id=""),
                name="job_open",
            ),
            models.Index(fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="job_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} ({self.status})"

    @property
    def is_open(self) -> bool:
        """Run402 has it, and it has not ended."""
        return bool(self.remote_id) and self.ended_at is None

    @property
    def title(self) -> str:
        """The short name of its type: `fflonk_prove` for `kysigned.fflonk_prove.v0_17_0`."""
        parts = self.job_type.split(".")
        return parts[1] if len(parts) == 3 else self.job_type

    @property
    def took(self) -> float | None:
        """Seconds from its start at Run402 to its end."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()
