"""The Run402 gateways that the operator allows."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

BASE_MAINNET = "eip155:8453"
BASE_SEPOLIA = "eip155:84532"
TEMPO_MAINNET = "eip155:4217"
TEMPO_MODERATO = "eip155:42431"
#: In the place of a network where a person's card paid: real dollars, or the play money of a sandbox.
CARD, PLAY_CARD = "card", "card:test"


class Gateway(models.Model):
    """One base URL that workers may call. Rows come from the settings (`wallets.gateways.sync`), never from a form."""

    class Kind(models.TextChoices):
        CLOUD = "cloud", _("Run402 Cloud")
        CORE = "core", _("Self-hosted Core")
        SANDBOX = "sandbox", _("Sandbox")

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)
    url = models.URLField(max_length=300)
    rpc_urls = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    # Mirror of the price list (GET /tiers/v1), in the gateway's order; null means “never read”.
    tiers = models.JSONField(default=list)
    tiers_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        return self.kind == self.Kind.SANDBOX

    @property
    def host(self) -> str:
        """Host and port, as people recognise it."""
        return self.url.partition("://")[2]

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks this gateway may ever ask money on, test money first. Mainnet and Tempo are for Cloud alone.

        Tempo's own mainnet is nobody's: the gate refuses it whatever a policy says.
        """
        if self.kind == self.Kind.CLOUD:
            return (BASE_SEPOLIA, TEMPO_MODERATO, BASE_MAINNET)
        return (BASE_SEPOLIA,)
