"""Rows of the audit record. Only `audit.record` writes them; nothing updates or deletes an event."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class Chain(models.Model):
    """The head of one chain. There is one chain per team, and one (empty key) for the instance itself."""

    key = models.CharField(max_length=36, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.key or 'instance'} at {self.seq}"


class Event(models.Model):
    """One thing that somebody did. `digest` covers every other field and the digest before it.

    Actors and objects are named by id and label, not by foreign key: the record outlives what it speaks of.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=40, blank=True)
    actor_label = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-at", "-seq"]
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_event_once")]
        indexes = [
            models.Index(fields=["chain", "-at"]),
            models.Index(fields=["chain", "object_type", "object_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert once; refuse to change what was recorded."""
        if not self._state.adding:
            raise TypeError("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit events are never deleted.")
