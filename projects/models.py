"""Projects as the panel mirrors them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models import Gateway, Wallet


class Project(models.Model):
    """One Run402 project. The service key is sealed to the worker; the anon key is public by design."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Could not be made")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="projects")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="projects")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="projects"
    )
    name = models.CharField(_("name"), max_length=128)
    state = models.CharField(max_length=12, choices=State, default=State.PROVISIONING)
    created_at = models.DateTimeField(auto_now_add=True)

    remote_id = models.CharField(max_length=120, blank=True)
    anon_key = models.TextField(blank=True)
    service_key_sealed = models.BinaryField(default=bytes)
    schema_slot = models.CharField(max_length=60, blank=True)

    # Mirror; `synced_at` null means “never read”.
    tier = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40, blank=True)
    api_calls = models.BigIntegerField(null=True)
    api_calls_limit = models.BigIntegerField(null=True)
    storage_bytes = models.BigIntegerField(null=True)
    storage_limit_bytes = models.BigIntegerField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    usage = models.JSONField(default=dict)
    subdomains = models.JSONField(default=list)
    live_url = models.CharField(max_length=300, blank=True)
    live_release = models.CharField(max_length=120, blank=True)
    live_generation = models.IntegerField(null=True)
    live_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    # When somebody last had its page open.
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "gateway", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="project_once",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY

    @property
    def lane(self) -> str:
        """The lane in which changes to this project run one after another."""
        return f"{self.gateway_id}/{self.remote_id or self.pk}"
