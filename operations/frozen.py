"""A wallet that has not caught up after a restore pays nothing yet; what would pay with it waits in line."""

from __future__ import annotations

from django.utils.translation import gettext as _

from operations.work import Held
from wallets.models import Wallet

PAUSE_SECONDS = 15.0


def demand(wallet: Wallet) -> None:
    """Raise Held while the wallet is frozen: nothing of the operation is lost, and nobody has to ask again."""
    wallet.refresh_from_db(fields=["frozen_at", "unread_from"])
    if wallet.is_frozen:
        said = _("%(name)s was restored from a backup. It pays when a worker has read what it spent since.")
        raise Held(PAUSE_SECONDS, said % {"name": wallet.label})
