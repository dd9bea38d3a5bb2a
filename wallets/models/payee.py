"""Whom a gateway has money paid to, as a team has come to know it."""

from __future__ import annotations

import uuid

from django.db import models

from teams.models import Team
from wallets.models.gateway import Gateway


class Payee(models.Model):
    """The address that a team pays at one gateway, under a MAC that only a worker makes; and another one, if asked for.

    `seen` is what the gateway asked for instead and no owner has confirmed: nothing is paid to it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="payees")
    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="payees")
    address = models.CharField(max_length=42, blank=True)
    mac = models.BinaryField(default=bytes)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=200, blank=True)
    seen = models.CharField(max_length=42, blank=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["gateway"]
        constraints = [models.UniqueConstraint(fields=["team", "gateway"], name="payee_once_in_a_team")]

    def __str__(self) -> str:
        return f"{self.address or 'nobody'} at {self.gateway_id}"
