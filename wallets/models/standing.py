"""How a gateway answers, as all workers see it: one row for each (`wallets.standing` writes it)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from wallets.models.gateway import Gateway


def a_while_ago() -> datetime:
    """Return a time at which nobody had asked yet: a whole second's requests are free."""
    return timezone.now() - timedelta(minutes=1)


class GatewayStanding(models.Model):
    """The limiter and the circuit breaker of one gateway. Open: nobody asks it anything before `retry_at`."""

    gateway = models.OneToOneField(
        Gateway, on_delete=models.CASCADE, primary_key=True, related_name="standing"
    )
    # The limiter: when the next request could go if all that were allowed had been evenly spaced.
    free_at = models.DateTimeField(default=a_while_ago)

    answered_at = models.DateTimeField(null=True)
    # How long the last answer took, if that was long; else 0.
    slow_milliseconds = models.PositiveIntegerField(default=0)

    # Failures in a row, and since when.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    # The breaker: open while this is set. One worker at a time tries, until `probing_until` at most.
    opened_at = models.DateTimeField(null=True)
    openings = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    probing_until = models.DateTimeField(null=True)

    # After a 429: nobody asks before the first, nothing is asked in the background before the second.
    held_until = models.DateTimeField(null=True)
    resting_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.gateway_id}: {'open' if self.is_open else 'closed'}"

    @property
    def is_open(self) -> bool:
        """Too many requests in a row have failed."""
        return self.opened_at is not None

    @property
    def is_slow(self) -> bool:
        """It answers, but not soon."""
        return not self.is_open and self.slow_milliseconds > 0

    @property
    def since(self) -> datetime | None:
        """The first of the failures in a row."""
        return self.failing_since or self.opened_at

    def is_held(self, now: datetime) -> bool:
        """It asked for fewer requests, and means now."""
        return self.held_until is not None and self.held_until > now

    def is_resting(self, now: datetime) -> bool:
        """Nothing may be asked in the background now."""
        return self.is_open or (self.resting_until is not None and self.resting_until > now)
