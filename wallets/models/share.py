"""With whom a wallet is shared, and who keeps its key (`wallets.sharing` reads both)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from teams.reach import Level
from wallets.models.wallet import Wallet


class WalletShare(models.Model):
    """One member, or the whole team where `user` is null, may do so much with a wallet; until it ends."""

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    level = models.PositiveSmallIntegerField(
        choices=[(level.value, level.label) for level in (Level.SEE, Level.SPEND, Level.MANAGE)]
    )
    expires_at = models.DateTimeField(null=True)
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "user"], name="wallet_shared_once_with_a_person"),
            models.UniqueConstraint(
                fields=["wallet"], condition=Q(user=None), name="wallet_shared_once_with_the_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet}: {self.user or 'the team'} may {self.get_level_display()}"

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class Custodian(models.Model):
    """One of those who alone may export, replace and retire a wallet. Without any, everybody whose role lets them."""

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="custodians")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["wallet", "user"], name="custodian_once")]

    def __str__(self) -> str:
        return f"{self.user} keeps {self.wallet}"
