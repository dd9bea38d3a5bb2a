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
    # Members, invitations and rules of a team
    "member.role_changed": _("Role changed"),
    "member.scopes_changed": _("Reach of a member changed"),
    "member.removed": _("Member removed"),
    "member.left": _("Left the team"),
    "invitation.made": _("Invited"),
    "invitation.sent_again": _("Invitation sent again"),
    "invitation.withdrawn": _("Invitation withdrawn"),
    "invitation.accepted": _("Invitation accepted"),
    "team.transferred": _("Team handed over"),
    "team.renamed": _("Team renamed"),
    "team.rules_changed": _("Rules changed"),
    "operation.approved": _("Payment approved"),
    "operation.declined": _("Payment declined"),
    "access.confirmed": _("Confirmed who they are"),
    "access.sessions_ended": _("Ended sessions"),
    "factor.added": _("Second factor added"),
    "factor.renamed": _("Passkey renamed"),
    "factor.removed": _("Second factor removed"),
}


def in_words(action: str) -> str:
    """Return an action in words; one without an entry is shown as it is named."""
    known = WORDS.get(action)
    return str(known) if known else str(capfirst(action.replace(".", " ").replace("_", " ")))


def matching(text: str) -> list[str]:
    """Return the actions whose words hold the text."""
    return [action for action in WORDS if text.lower() in in_words(action).lower()]
