"""Actions and objects of the audit record in words that people read. Every action that is recorded stands here."""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

WORDS = {
    "operation.requested": _("Asked for"),
    "operation.decided": _("Decided"),
    "operation.confirmed": _("Confirmed with a passkey"),
    "operation.cancel_requested": _("Asked to stop"),
    "operation.cancelled": _("Cancelled"),
    "operation.succeeded": _("Succeeded"),
    "operation.failed": _("Failed"),
    "operation.refused": _("Refused"),
    "payment.reserved": _("Payment reserved"),
    "payment.settled": _("Payment settled"),
    "payment.released": _("Payment released, nothing was paid"),
    "payment.unknown": _("Payment of unknown outcome"),
    "wallet.requested": _("Wallet asked for"),
    "wallet.made": _("Wallet made, its limits written"),
    "wallet.limits_written": _("Limits of a wallet written"),
    "release.live": _("Release live"),
    "release.promoted": _("Earlier release live again"),
    "wallet.limits_raised": _("Limits of a wallet raised"),
    "key.revealed": _("Service key revealed"),
    "passkey.trusted": _("Passkey let in"),
    "passkey.revoked": _("Passkey refused"),
    "passkey.first_allowed": _("First passkey allowed"),
    "wallet.taken_over": _("Wallet taken over by a new owner"),
    "member.sessions_ended": _("Sessions of a member ended"),
    "wallet.exported": _("Key of a wallet exported"),
    "wallet.frozen": _("Wallet frozen"),
    "wallet.shared": _("Wallet shared"),
    "wallet.share_ended": _("Share of a wallet ended"),
    "wallet.opened": _("Wallet opened to the team"),
    "wallet.closed": _("Wallet kept to some people"),
    "wallet.custodian_named": _("Custodian of a wallet named"),
    "wallet.custodian_ended": _("Custodian of a wallet ended"),
    "wallet.renamed": _("Wallet renamed"),
    "wallet.replaced": _("Wallet replaced by a new one"),
    "wallet.retired": _("Wallet retired"),
    "wallet.unfreeze_asked": _("Unfreezing of a wallet confirmed by one person"),
    "wallet.unfreeze_stopped": _("Unfreezing of a wallet stopped"),
    "wallet.unfrozen": _("Wallet unfrozen"),
    "keyset.key_added": _("Key added to a keyset"),
    "keyset.promoted": _("New key of a keyset in use"),
    "keyset.resealed": _("Sealed values renewed"),
    "keyset.retired": _("Old keys of a keyset retired"),
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
    "access.refused": _("Turned away"),
    "access.signed_in": _("Signed in"),
    "access.sign_in_failed": _("Sign-in failed"),
    "access.signed_out": _("Signed out"),
    "access.password_changed": _("Password changed"),
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
    # Webhooks
    "hook.added": _("Webhook added"),
    "hook.changed": _("Webhook changed"),
    "hook.secret_replaced": _("Secret of a webhook replaced"),
    "hook.turned_on": _("Webhook turned on"),
    "hook.turned_off": _("Webhook turned off"),
    "hook.sent_again": _("Message to a webhook sent again"),
    "hook.removed": _("Webhook removed"),
    "audit.exported": _("Audit record exported"),
}

#: The first part of an action, for the filter.
GROUPS = {
    "access": _("Signing in and refusals"),
    "audit": _("The record itself"),
    "factor": _("Second factors"),
    "hook": _("Webhooks"),
    "instance": _("Instance"),
    "invitation": _("Invitations"),
    "key": _("Keys"),
    "keyset": _("Keys of the instance"),
    "member": _("Members"),
    "operation": _("Operations"),
    "operator": _("Operators"),
    "own_data": _("Own data"),
    "passkey": _("Passkeys that confirm"),
    "payment": _("Payments"),
    "recovery": _("Ways back"),
    "release": _("Releases"),
    "team": _("Team"),
    "user": _("People"),
    "wallet": _("Wallets"),
}

OBJECTS = {
    "audit": _("Audit record"),
    "hook": _("Webhook"),
    "invitation": _("Invitation"),
    "keyset": _("Keyset"),
    "kind": _("Kind of operation"),
    "operation": _("Operation"),
    "page": _("Page"),
    "passkey": _("Passkey"),
    "payment": _("Payment"),
    "project": _("Project"),
    "release": _("Release"),
    "team": _("Team"),
    "user": _("Person"),
    "wallet": _("Wallet"),
}


def in_words(action: str) -> str:
    """Return an action in words; one without an entry is shown as it is named."""
    known = WORDS.get(action)
    return str(known) if known else str(capfirst(action.replace(".", " ").replace("_", " ")))


def matching(text: str) -> list[str]:
    """Return the actions whose words hold the text."""
    return [action for action in WORDS if text.lower() in in_words(action).lower()]
