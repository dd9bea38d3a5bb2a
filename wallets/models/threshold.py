"""When a team needs a second person, as only a worker can write it."""

from __future__ import annotations

from django.db import models

from teams.models import Team


class ApprovalRule(models.Model):
    """The team's threshold in USDC micros; null: none. And whether exports of keys need two people.

    `mac` is made with a key that web does not hold.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="approval_rule")
    version = models.PositiveIntegerField(default=1)
    above_micros = models.BigIntegerField(null=True)
    exports_need_two = models.BooleanField(default=False, db_default=False)
    mac = models.BinaryField()
    written_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.team}: above {self.above_micros}, version {self.version}"
