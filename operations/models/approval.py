"""A second person's word: asked for by a worker, over a frozen document, for a day."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operations.models.operation import Operation


class Approval(models.Model):
    """One request, and what became of it. `mac` covers what a worker wrote: the document, and until when it counts.

    Who decided is written by web. The worker asks again whether they may, and for real money it checks their passkey.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")
        REPLACED = "replaced", _("Asked anew")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="approvals")
    # What is approved (operations.documents), and in what it differs from the request before.
    document = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    differences = models.JSONField(default=list)
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # Set where only the asker could approve: then it goes on by itself, unless somebody stops it before.
    due_at = models.DateTimeField(null=True)
    mac = models.BinaryField()

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    by_id = models.CharField(max_length=64, blank=True)
    by_label = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    # The approver's passkey over the digest, for real money.
    assertion = models.JSONField(default=dict)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [models.Index(fields=["state", "expires_at"], name="approval_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["operation"], condition=Q(state="waiting"), name="approval_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.operation}: {self.state}"
