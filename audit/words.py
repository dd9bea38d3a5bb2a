"""Actions of the audit record in words that people read."""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

WORDS = {
    "operation.requested": _("Asked for"),
    "operation.decided": _("Decided"),
    "operation.cancel_requested": _("Asked to stop"),
    "operation.cancelled": _("Cancelled"),
    "operation.succeeded": _("Succeeded"),
    "operation.failed": _("Failed"),
    "payment.reserved": _("Payment reserved"),
    "payment.settled": _("Payment settled"),
    "payment.released": _("Payment released, nothing was paid"),
    "payment.unknown": _("Payment of unknown outcome"),
    "wallet.requested": _("Wallet asked for"),
    "wallet.made": _("Wallet made, its limits written"),
    "wallet.limits_written": _("Limits of a wallet written"),
    "team.created": _("Team created"),
    "user.created": _("Person added"),
    "operator.named": _("Named an operator of the instance"),
    "operator.ended": _("No operator of the instance any more"),
    "instance.changed": _("Rules of the instance changed"),
    "recovery.made": _("One-time way back made for an owner"),
    "recovery.used": _("Owner came back with a new password"),
    "own_data.exported": _("Took their own data along"),
    "own_data.erased": _("Erased their account"),
    "member.erased": _("Left by erasing their account"),
}


def in_words(action: str) -> str:
    """Return an action in words; one without an entry is shown as it is named."""
    known = WORDS.get(action)
    return str(known) if known else str(capfirst(action.replace(".", " ").replace("_", " ")))


def matching(text: str) -> list[str]:
    """Return the actions whose words hold the text."""
    return [action for action in WORDS if text.lower() in in_words(action).lower()]
