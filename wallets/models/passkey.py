"""Passkeys that may confirm what web alone must not do (ARCHITECTURE, rule 2). Only a worker can write a right row."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from teams.models import Role, Team


class TrustedPasskey(models.Model):
    """One passkey of one member, for one team and the role that the member had there.

    `mac` covers all of that. Whoever can write rows, but holds no worker's key, can add no passkey, give none to
    another person, team or role, and make none eligible earlier. A revoked row keeps no MAC.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="trusted_passkeys")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_passkeys"
    )
    role = models.CharField(max_length=10, choices=Role)
    # Base64url without padding, as the browser names it.
    credential_id = models.CharField(max_length=1400)
    # COSE, as the authenticator gave it.
    public_key = models.BinaryField()
    name = models.CharField(max_length=100)
    mac = models.BinaryField(default=bytes)
    eligible_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    # The authenticator's own counter (0: it has none), and the operation that moved it last.
    sign_count = models.BigIntegerField(default=0)
    used_for = models.UUIDField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["team", "credential_id"], name="passkey_once_in_a_team")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def is_waiting(self) -> bool:
        """It will be able to confirm, unless an owner refuses it before."""
        return not self.is_revoked and self.eligible_from > timezone.now()

    @property
    def is_eligible(self) -> bool:
        """As the row says; only a worker can tell whether the row is genuine."""
        return not self.is_revoked and self.eligible_from <= timezone.now()


class FirstPasskey(models.Model):
    """Leave for an owner's next passkey to confirm at once; made where the policy key is, gone when it was used.

    That nobody has a passkey yet is no such leave: whoever can write rows could delete those there are.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()
    mac = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="first_passkey_once")]

    def __str__(self) -> str:
        return f"first passkey of {self.user}, until {self.until:%Y-%m-%d}"


def in_utc(moment: datetime) -> str:
    """Return a moment as MACs and digests spell it, whatever zone the database gave it."""
    return moment.astimezone(timezone.get_fixed_timezone(0)).isoformat(timespec="microseconds")
