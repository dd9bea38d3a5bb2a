"""Rows about the instance itself: who is alive, what is wrong, what the disk holds."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone


class WorkerPulse(models.Model):
    """When a worker was last alive; pages say so when none has been for five seconds.

    `unlocks`: it holds the private keyset; `checks_limits`: the policy key. `keys`: the ids of its keys, by keyset.
    """

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
    unlocks = models.BooleanField(default=False)
    checks_limits = models.BooleanField(default=False)
    # It has the packages of requirements-mpp.txt.
    pays_by_mpp = models.BooleanField(default=False, db_default=False)
    keys = models.JSONField(default=dict)
    # What it finds wrong from where it stands (`operations.watch`), and how far its clock is off the database's.
    findings = models.JSONField(default=list)
    skew_milliseconds = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.at = timezone.now()
        super().save(*args, **kwargs)


class BeatPulse(models.Model):
    """When a beat last planned something."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class DiskUse(models.Model):
    """What the panel takes on its disk, as a worker measured it last (`operations.disk`): one row.

    `reusable_bytes` lie inside the embedded database's file and are filled again before it grows. `rows` maps table to
    number of rows; `due` maps the name of a retention to {"count", "size"}.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
    database_bytes = models.PositiveBigIntegerField()
    reusable_bytes = models.PositiveBigIntegerField(default=0)
    store_bytes = models.PositiveBigIntegerField()
    store_files = models.PositiveBigIntegerField()
    results_bytes = models.PositiveBigIntegerField()
    free_bytes = models.PositiveBigIntegerField()
    total_bytes = models.PositiveBigIntegerField()
    rows = models.JSONField(default=dict)
    due = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"database {self.database_bytes}, store {self.store_bytes} bytes"


class Trouble(models.Model):
    """Something wrong with the instance, from its beginning to its end (`operations.watch.troubles`).

    `about` names the worker that it is about, if it is about one.
    """

    finding = models.CharField(max_length=20)
    about = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "about"], condition=Q(ended_at=None), name="trouble_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.finding} {self.about}".strip()
