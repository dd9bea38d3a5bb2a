"""Rows of secrets: names as Run402 lists them, and values that are on their way."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Secret(models.Model):
    """A secret's name, as Run402 lists it. Nobody can read its value back, the panel neither.

    `created_at` and `updated_at` are Run402's own; `seen_at` is when the panel last heard that it is there.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="secrets")
    key = models.CharField(max_length=128)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="secret_once")]

    def __str__(self) -> str:
        return self.key


class SecretDraft(models.Model):
    """Values on their way to Run402, sealed to the workers in one piece: JSON of name to value.

    It is gone as soon as its operation has ended, however it ended; without one, after half an hour. `reading` is
    what the preview shows: {"entries": [{"key", "line", "bytes", "note"}], "invalid": [{"line", "key", "why"}]}.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="secret_drafts")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    values_sealed = models.BinaryField(default=bytes)
    reading = models.JSONField(default=dict)
    operation = models.OneToOneField(
        "operations.Operation", on_delete=models.CASCADE, null=True, related_name="secret_draft"
    )

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"values for {self.project_id}"

    @property
    def keys(self) -> list[str]:
        """The names that have a value in it, in the order in which they were given."""
        return [str(entry["key"]) for entry in self.reading.get("entries", [])]
