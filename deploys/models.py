"""Sources, deploys and releases."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from operations.models import Operation
from projects.models import Project
from teams.models import Team


class Source(models.Model):
    """A tree of files whose bytes lie in the panel's content-addressed store.

    `files` maps path to {"sha256", "size", "content_type"}; `left_out` lists [path, reason] of what was not taken;
    `manifest` holds the parts of a CLI manifest that came with the upload (without any secret value).
    """

    class Kind(models.TextChoices):
        ZIP = "zip", _("Zip archive")
        TAR = "tar", _("Tar archive")
        MANIFEST = "manifest", _("Manifest")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sources")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind)
    files = models.JSONField(default=dict)
    left_out = models.JSONField(default=list)
    manifest = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    file_count = models.PositiveIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Release(models.Model):
    """A release of a project, made here or elsewhere.

    `archive` is the materialised state of a release made here: {"site": {path: {sha256,size,content_type}},
    "functions", "routes", "public_paths", "i18n"}; empty when it was made elsewhere. `inventory` is the mirror.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="releases")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    remote_id = models.CharField(max_length=120)
    generation = models.IntegerField(null=True)
    status = models.CharField(max_length=40, blank=True)
    made_by = models.CharField(max_length=200, blank=True)
    made_here = models.BooleanField(default=False)
    restores = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="restored_by")
    urls = models.JSONField(default=dict)
    file_count = models.PositiveIntegerField(null=True)
    total_bytes = models.PositiveBigIntegerField(null=True)
    archive = models.JSONField(default=dict)
    inventory = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["project", "remote_id"], name="release_once")]

    def __str__(self) -> str:
        return f"{self.project} {self.generation or self.remote_id}"

    @property
    def is_live(self) -> bool:
        return self.status == "active"


class Deploy(models.Model):
    """One intention to change what a project serves, from plan to result. Its state is its operation's."""

    class Kind(models.TextChoices):
        DEPLOY = "deploy", _("Deploy")
        REDEPLOY = "redeploy", _("Redeploy")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="deploys")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="deploys")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DEPLOY)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, related_name="deploys")
    restores = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, related_name="redeploys")
    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, null=True, related_name="deploy")
    release = models.OneToOneField(Release, on_delete=models.SET_NULL, null=True, related_name="deploy")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deploys")
    created_at = models.DateTimeField(auto_now_add=True)
    spec = models.JSONField(default=dict)
    # The plan a person reviewed, and the one that was made for real.
    reviewed_plan = models.JSONField(default=dict)
    plan = models.JSONField(default=dict)
    acknowledged = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["team", "-created_at"]),
            models.Index(fields=["project", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.project}"

    @property
    def took(self) -> float | None:
        """Seconds from the worker's first touch to the end."""
        operation = self.operation
        if operation is None or operation.started_at is None or operation.finished_at is None:
            return None
        return (operation.finished_at - operation.started_at).total_seconds()
