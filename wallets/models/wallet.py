"""Allowance wallets."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models.gateway import BASE_MAINNET, BASE_SEPOLIA, TEMPO_MODERATO, Gateway


class Wallet(models.Model):
    """An EVM key that signs for a team at one gateway. The key is sealed to the worker; web never reads it.

    A wallet made for a sandbox is a play wallet and signs nowhere else; an imported one signs for no sandbox.
    """

    class Origin(models.TextChoices):
        MADE = "made", _("Made here")
        IMPORTED = "imported", _("Imported")

    class State(models.TextChoices):
        MAKING = "making", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Could not be made")
        RETIRED = "retired", _("Retired")

    class Rail(models.TextChoices):
        """How it pays. What the gate believes is its policy, whose networks are the rail's."""

        X402 = "x402", _("x402")
        MPP = "mpp", _("MPP")

    #: The networks that each rail pays on, test money first.
    RAIL_NETWORKS = {Rail.X402: (BASE_SEPOLIA, BASE_MAINNET), Rail.MPP: (TEMPO_MODERATO,)}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="wallets")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="wallets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wallets")
    label = models.CharField(_("name"), max_length=60)
    origin = models.CharField(max_length=10, choices=Origin)
    state = models.CharField(max_length=10, choices=State, default=State.MAKING)
    rail = models.CharField(max_length=10, choices=Rail, default=Rail.X402, db_default=Rail.X402)
    address = models.CharField(max_length=42, blank=True)
    key_sealed = models.BinaryField(default=bytes)
    # Else: of its owner, its custodians and those with whom it is shared; owners of the team always reach it.
    open_to_team = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Its key left the panel: whoever got it then may have it still. Never taken back.
    exported_at = models.DateTimeField(null=True)
    exported_by = models.CharField(max_length=200, blank=True)
    # It signs nothing any more. Never taken back, either.
    retired_at = models.DateTimeField(null=True)
    retired_by = models.CharField(max_length=200, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaces")

    # Frozen: it pays nothing until a worker has read what left it since `unread_from` (after a restore).
    frozen_at = models.DateTimeField(null=True)
    unread_from = models.DateTimeField(null=True)

    # Mirror of the chain and of Run402; null means “not read yet”, never zero.
    balance_micros = models.BigIntegerField(null=True)
    balance_at = models.DateTimeField(null=True)
    # USDC on Base itself, where the gateway takes real money; and what Run402 keeps for the wallet: USD and mails.
    mainnet_micros = models.BigIntegerField(null=True)
    mainnet_at = models.DateTimeField(null=True)
    prepaid_micros = models.BigIntegerField(null=True)
    mail_credits = models.BigIntegerField(null=True)
    account_at = models.DateTimeField(null=True)
    # Up to when chain and Run402's ledger were read for payments that were made elsewhere with this key.
    outside_read_at = models.DateTimeField(null=True)
    faucet_at = models.DateTimeField(null=True)
    tier = models.CharField(max_length=40, blank=True)
    tier_active = models.BooleanField(default=False)
    lease_started_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    tier_status = models.JSONField(default=dict)
    tier_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["label", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "gateway", "address"],
                condition=~models.Q(address=""),
                name="wallet_address_once",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def networks(self) -> tuple[str, ...]:
        """What of the gateway's networks is on its rail, test money first."""
        return networks_on(self.gateway, self.rail)

    @property
    def network(self) -> str:
        """The network of test money that it pays on."""
        return self.RAIL_NETWORKS[self.Rail(self.rail)][0]

    @property
    def pays_by_mpp(self) -> bool:
        return self.rail == self.Rail.MPP

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY

    @property
    def is_frozen(self) -> bool:
        """It came out of a backup and has not caught up yet; what a person froze is a Freeze."""
        return self.frozen_at is not None

    @property
    def is_retired(self) -> bool:
        return self.state == self.State.RETIRED

    @property
    def has_key(self) -> bool:
        """A worker could hand out its key: that of a retired wallet stays, for what it still holds."""
        return self.is_ready or self.is_retired

    @property
    def is_play(self) -> bool:
        """Made on a sandbox: its money is play money and it signs nowhere else."""
        return self.gateway.is_sandbox


def networks_on(gateway: Gateway, rail: str) -> tuple[str, ...]:
    """Return the networks on which a wallet of this rail may pay at a gateway; none where the rail ends elsewhere."""
    return tuple(one for one in gateway.networks if one in Wallet.RAIL_NETWORKS[Wallet.Rail(rail)])
