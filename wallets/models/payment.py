"""The write-ahead ledger: a row stands here, committed, before the first byte of a paid request leaves."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models.wallet import Wallet


class Payment(models.Model):
    """One payment that may move money, from reservation to its end. Amounts are USDC micros."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        SIGNED = "signed", _("Signed")
        SETTLED = "settled", _("Settled")
        RELEASED = "released", _("Released")
        UNKNOWN = "unknown", _("Unknown")

    class Cost(models.TextChoices):
        """What kind of thing is paid for. A wallet may limit each."""

        TIER = "tier", _("Tiers")
        IMAGE = "image", _("Images")
        JOB = "job", _("Jobs")
        MAIL_PACK = "mail_pack", _("Mail packs")
        CONTRACT = "contract", _("Contract calls")
        OTHER = "other", _("Everything else")

    #: State to the states it may move to. `closing.move` is the only writer.
    MOVES = {
        State.RESERVED: {State.SIGNED, State.SETTLED, State.RELEASED},
        State.SIGNED: {State.SETTLED, State.RELEASED, State.UNKNOWN},
        State.UNKNOWN: {State.SETTLED, State.RELEASED},
        State.SETTLED: set(),
        State.RELEASED: set(),
    }
    #: States that count against a limit: money has left or still may.
    COUNTING = (State.RESERVED, State.SIGNED, State.SETTLED, State.UNKNOWN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="payments")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="payments")
    operation_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=60)
    purpose = models.CharField(max_length=200)
    cost = models.CharField(max_length=10, choices=Cost, default=Cost.OTHER)
    # Who asked, and for which project, by id: the ledger outlives both. Null for the panel itself, and for no project.
    actor_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    amount_micros = models.BigIntegerField()
    settled_micros = models.BigIntegerField(null=True)
    network = models.CharField(max_length=40)
    asset = models.CharField(max_length=42, blank=True)
    payee = models.CharField(max_length=42, blank=True)
    paid_by = models.CharField(max_length=10, blank=True)
    nonce = models.CharField(max_length=66, blank=True)
    valid_before = models.BigIntegerField(null=True)
    authorization_sealed = models.BinaryField(default=bytes)
    transaction = models.CharField(max_length=80, blank=True)
    receipt = models.JSONField(default=dict)
    # The gate writes the database's time here, never earlier than the wallet's payment before (wallets/windows.py).
    reserved_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    # Why an owner ended it by hand, after the chain had not told for a day; and who.
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-reserved_at"]
        indexes = [
            models.Index(fields=["team", "-reserved_at"]),
            models.Index(fields=["wallet", "-reserved_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.amount_micros} micros, {self.state}"

    @property
    def is_open(self) -> bool:
        """Money may still move."""
        return self.state in (self.State.RESERVED, self.State.SIGNED, self.State.UNKNOWN)
