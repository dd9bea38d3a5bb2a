"""Payments by card on a hosted page: what was asked for, and what became of it (`wallets.cards` moves them)."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models.wallet import Wallet


class Checkout(models.Model):
    """A wish to pay by card for a wallet's tier, or into the balance that Run402 keeps for it.

    The link is a capability and stands in no column: it is a covered result of the operation that asked for it.
    """

    class Product(models.TextChoices):
        TIER = "tier", _("Tier")
        BALANCE = "balance", _("Prepaid balance")

    class State(models.TextChoices):
        ASKED = "asked", _("Link asked for")
        OPEN = "open", _("Can be paid")
        PAID = "paid", _("Paid")
        EXPIRED = "expired", _("Expired")
        ABANDONED = "abandoned", _("Put aside")
        FOREIGN = "foreign", _("Refused")
        FAILED = "failed", _("No link")

    #: State to the states it may move to. What was put aside can still be paid by whoever has the page open.
    MOVES = {
        State.ASKED: {State.OPEN, State.FOREIGN, State.FAILED},
        State.OPEN: {State.PAID, State.EXPIRED, State.ABANDONED},
        State.ABANDONED: {State.PAID, State.EXPIRED},
        State.PAID: set(),
        State.EXPIRED: set(),
        State.FOREIGN: set(),
        State.FAILED: set(),
    }
    UNFINISHED = (State.ASKED, State.OPEN)
    #: A card may still pay these, so they are looked after.
    PAYABLE = (State.OPEN, State.ABANDONED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="checkouts")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="checkouts")
    operation_id = models.UUIDField(null=True)
    product = models.CharField(max_length=10, choices=Product)
    tier = models.CharField(max_length=40, blank=True)
    # What the page showed: the list price of the tier, or what is paid in. Null where the price was not known.
    amount_micros = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    # As the gateway named it, and the host of its link: that of a foreign one is all that is kept of it.
    topup_id = models.CharField(max_length=120, blank=True)
    host = models.CharField(max_length=253, blank=True)
    # What the wallet had before the link was made: {"tier", "lease_expires_at", "prepaid_micros"}.
    before = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    # When somebody last wanted to know, and when Run402 was last read for it.
    look_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    # Of a paid one: the line of Run402's ledger and its sum, where it tells them, and the payment in ours.
    entry_id = models.CharField(max_length=120, blank=True)
    paid_micros = models.BigIntegerField(null=True)
    payment_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["look_at"],
                condition=models.Q(state__in=["open", "abandoned"]),
                name="checkout_payable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_product_display()} {self.tier} for {self.wallet}, {self.state}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_payable(self) -> bool:
        return self.state in self.PAYABLE

    @property
    def is_over(self) -> bool:
        """The link's time has passed."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
