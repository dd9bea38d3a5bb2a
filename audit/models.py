"""Rows of the audit record. Only this room writes them; nothing updates or deletes an event."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from audit.entries import Entry
from audit.verifying import Head


class Chain(models.Model):
    """The head of one chain. There is one chain per team, and one (empty key) for the instance itself."""

    key = models.CharField(max_length=36, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.key or 'instance'} at {self.seq}"


class Kept(models.Model):
    """A row that is inserted once and stays as it is."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert once; refuse to change what was recorded."""
        if not self._state.adding:
            raise TypeError("The audit record is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Nothing of the audit record is ever deleted.")


class Event(Kept):
    """One thing that somebody did. `digest` covers every other field and the digest before it (audit.entries).

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
    salt = models.CharField(max_length=32, default="")
    # Each name has a salt of its own; erasing a person drops it and keeps the digest (audit.personal).
    actor_salt = models.CharField(max_length=32, default="")
    object_salt = models.CharField(max_length=32, default="")
    actor_erased = models.CharField(max_length=64, default="", blank=True)
    object_erased = models.CharField(max_length=64, default="", blank=True)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-at", "-seq"]
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_event_once")]
        indexes = [
            models.Index(fields=["chain", "-at"]),
            models.Index(fields=["chain", "object_type", "object_id"]),
            models.Index(fields=["chain", "actor_id", "actor_label"], name="audit_event_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.object_label}"

    def entry(self) -> Entry:
        """Return the event as the value whose digest is taken."""
        return Entry(
            seq=self.seq,
            at=self.at.isoformat(timespec="microseconds"),
            actor_id=self.actor_id,
            actor=self.actor_label,
            action=self.action,
            object_type=self.object_type,
            object_id=self.object_id,
            object=self.object_label,
            details=self.details,
            salt=self.salt,
            actor_salt=self.actor_salt,
            object_salt=self.object_salt,
            actor_erased=self.actor_erased,
            object_erased=self.object_erased,
            previous=self.previous,
            digest=self.digest,
        )


class Mention(models.Model):
    """An id that an event speaks of, so that an object's page finds its events. Derived: the event is the record."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="mentions")
    key = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "event"], name="audit_mention_once")]

    def __str__(self) -> str:
        return self.key


class SignedHead(Kept):
    """A worker's signature over the end of a chain as it was at that time (audit.heads)."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="signed")
    seq = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=20)
    signature = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_head_once")]

    def __str__(self) -> str:
        return f"{self.chain_id or 'instance'} signed at {self.seq}"

    def head(self) -> Head:
        """Return it as the value that is signed."""
        at = self.at.isoformat(timespec="microseconds")
        return Head(self.seq, self.digest, at, self.key_id, self.signature)
