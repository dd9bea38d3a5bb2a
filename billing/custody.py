"""Taking a wallet's key out of the panel: for one browser tab, confirmed with a passkey, marked for good."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.limits import about
from core.errors import Refusal
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from wallets import reveal
from wallets.models import Wallet

EXPORT = "wallet.export"
#: How long the sealed key lies in the database when the tab does not fetch it.
KEPT = timedelta(minutes=5)


def export_wallet(*, wallet: Wallet, actor: User, reader: str) -> Operation:
    """Ask for the key, sealed to the browser's `reader`: the passkey confirms who can open it, too."""
    reveal.public_key(reader)
    if not wallet.has_key:
        raise Refusal("WALLET_NOT_READY", _("This wallet is not ready yet."))
    return queue.submit(
        Request(
            kind=EXPORT,
            title=_("Export the key of %(name)s") % {"name": wallet.label},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet_export", args=[wallet.pk]),
            args={"reader": reader},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what an export will do."""
    return [
        *about(operation),
        (_("Leaves the panel"), _("the private key, for this browser tab only")),
        (_("From then on"), _("whoever holds the key can spend without any limit of the panel")),
        (_("Stays for good"), _("a mark on the wallet, and an entry in the audit record")),
        *_second_word(operation),
    ]


def _second_word(operation: Operation) -> list[tuple[str, str]]:
    if not operation.team.exports_need_two:
        return []
    return [(_("Before that"), _("another owner confirms it too, while this tab stays open"))]
