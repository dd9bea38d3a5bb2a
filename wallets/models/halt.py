"""That everything, a team or a gateway is stopped: by whom, when and why (`wallets.halts` writes and reads it)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models.gateway import Gateway


class Halt(models.Model):
    """One stop, from when it was made until it is lifted. Who made it is named by id and label, as in the record."""

    class Scope(models.TextChoices):
        EVERYTHING = "everything", _("Everything")
        TEAM = "team", _("Team")
        GATEWAY = "gateway", _("Gateway")

    class Cause(models.TextChoices):
        PERSON = "person", _("A person")
        RESTORED = "restored", _("Restored from a backup")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=10, choices=Scope)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="halts")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, null=True, related_name="halts")
    why = models.CharField(max_length=200)
    cause = models.CharField(max_length=10, choices=Cause, default=Cause.PERSON)
    by_id = models.CharField(max_length=64, blank=True)
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True)
    lifted_by_label = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="everything", team=None, gateway=None)
                | Q(scope="team", team__isnull=False, gateway=None)
                | Q(scope="gateway", team=None, gateway__isnull=False),
                name="halt_has_its_target",
            ),
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(scope="everything", lifted_at=None),
                name="everything_halted_once",
            ),
            models.UniqueConstraint(
                fields=["team"], condition=Q(scope="team", lifted_at=None), name="team_halted_once"
            ),
            models.UniqueConstraint(
                fields=["gateway"], condition=Q(scope="gateway", lifted_at=None), name="gateway_halted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.team_id or self.gateway_id or ''}: {self.why}"

    @property
    def is_active(self) -> bool:
        return self.lifted_at is None

    @property
    def is_restored(self) -> bool:
        """Nobody stopped it: the instance came out of a backup."""
        return self.cause == self.Cause.RESTORED
