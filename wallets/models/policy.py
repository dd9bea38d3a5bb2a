"""Spending limits that only a worker can write."""

from __future__ import annotations

from django.db import models

from wallets.models.wallet import Wallet


class SpendPolicy(models.Model):
    """The limits of one wallet. `mac` is made with a key that web does not hold; a wrong one refuses every payment."""

    wallet = models.OneToOneField(Wallet, on_delete=models.CASCADE, related_name="policy")
    version = models.PositiveIntegerField(default=1)
    per_payment_micros = models.BigIntegerField()
    per_day_micros = models.BigIntegerField()
    networks = models.JSONField(default=list)
    # Longer windows, real money and single caps, as `Limits.rules` has them; null in a row from before there were any.
    rules = models.JSONField(null=True)
    mac = models.BinaryField()
    written_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"limits of {self.wallet}, version {self.version}"
