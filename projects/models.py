"""Projects as the panel mirrors them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.secrets.models import Secret, SecretDraft
from teams.models import Team
from wallets.models import Gateway, Wallet

__all__ = ["Project", "Secret", "SecretDraft"]

#: The status of a project that its wallet's list at Run402 does not name any more.
GONE = "gone"


class Project(models.Model):
    """One Run402 project. The service key is sealed to the worker; the anon key is public by design."""

    class State(models.TextChoices):
        PROVISIONING = "provisioning", _("Being made")
        ADOPTING = "adopting", _("Being adopted")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Could not be made")
        DELETED = "deleted", _("Deleted")

    class Origin(models.TextChoices):
        MADE = "made", _("Made here")
        ADOPTED = "adopted", _("Adopted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="projects")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="projects")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="projects"
    )
    name = models.CharField(_("name"), max_length=128)
    state = models.CharField(
        max_length=12, choices=State, default=State.PROVISIONING, db_default=State.PROVISIONING
    )
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.MADE, db_default=Origin.MADE)
    created_at = models.DateTimeField(auto_now_add=True)
    # The row of a deleted project stays for what refers to it: payments, releases, the audit record.
    deleted_at = models.DateTimeField(null=True)

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
    secrets_at = models.DateTimeField(null=True)
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
    def is_deleted(self) -> bool:
        return self.state == self.State.DELETED

    @property
    def is_adopted(self) -> bool:
        return self.origin == self.Origin.ADOPTED

    @property
    def takes_deploys(self) -> bool:
        """It is there, and so is the key with which a deploy is followed."""
        return self.is_ready and bool(self.anon_key)

    @property
    def lacks_keys(self) -> bool:
        """It is at Run402, and the panel cannot work on what is in it."""
        return self.is_ready and not (self.service_key_sealed and self.anon_key)

    @property
    def is_only_listed(self) -> bool:
        """Nothing of it is at Run402 that the panel could have deleted: never made, or gone, and no key asks for it."""
        gone = self.is_ready and self.status == GONE and not self.service_key_sealed
        return self.state == self.State.FAILED or gone

    @property
    def lane(self) -> str:
        """The lane in which changes to this project run one after another."""
        return f"{self.gateway_id}/{self.remote_id or self.pk}"
