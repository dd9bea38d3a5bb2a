"""That a wallet pays nothing for now: by whom, when and why (`wallets.freezing` writes and reads it)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from wallets.models.wallet import Wallet


class Freeze(models.Model):
    """One freeze by a person, from when it was made until a worker lifts it.

    Whoever has the right makes one at once. `lift_mac` is made with a key that web does not hold: a freeze that says
    it was lifted, but carries no right mark, still holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="freezes")
    why = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64, blank=True)
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    lifted_at = models.DateTimeField(null=True)
    lifted_by_label = models.CharField(max_length=200, blank=True)
    lift_mac = models.BinaryField(default=bytes)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["wallet"], condition=Q(lifted_at=None), name="wallet_frozen_once")
        ]

    def __str__(self) -> str:
        return f"{self.wallet}: {self.why}"

    @property
    def is_active(self) -> bool:
        return self.lifted_at is None


class Unfreezing(models.Model):
    """One person's passkey said that a freeze may go. A second person's lifts it, or, without one, an hour's wait.

    Only a worker writes a right row: `mac` covers all that decides.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    freeze = models.ForeignKey(Freeze, on_delete=models.CASCADE, related_name="unfreezings")
    by_id = models.CharField(max_length=64)
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    # Set where nobody else could confirm: then it goes by itself, unless somebody stops it before.
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_by_label = models.CharField(max_length=200, blank=True)
    mac = models.BinaryField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["freeze"], condition=Q(stopped_at=None), name="one_unfreezing_of_a_freeze"
            )
        ]

    def __str__(self) -> str:
        return f"{self.freeze}, says {self.by_label}"
