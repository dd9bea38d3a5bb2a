"""Wallets after a restore: frozen, since what they spent after the backup is not in the database."""

from __future__ import annotations

from django.db.models import Value
from django.db.models.functions import Coalesce

from core.registry import Restored
from wallets import gateways
from wallets.models import Wallet


def freeze(restored: Restored) -> None:
    """Let no wallet pay before somebody has read the chain; take the gateways from this machine's settings.

    One that was frozen when the backup was made is unread from earlier on.
    """
    Wallet.objects.filter(state=Wallet.State.READY).update(
        frozen_at=restored.at, unread_from=Coalesce("unread_from", Value(restored.made_at))
    )
    gateways.sync()
