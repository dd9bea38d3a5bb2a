"""Which passkeys may confirm in a team: asked for here, decided by the worker, refused by an owner."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from fido2 import cbor
from fido2.webauthn import RegistrationResponse

from core.errors import Refusal
from core.registry import LeaverItem
from operations import queue
from operations.models import Operation
from operations.queue import Request
from operations.registry import guarded_actions
from teams import selectors as team_selectors
from teams.models import Membership, Team, User
from teams.permissions import Action, allows, demand
from wallets import passkeys
from wallets.models import TrustedPasskey
from wallets.passkeys import NewPasskey

TRUST = "passkey.trust"


def read(authenticator: Any) -> NewPasskey:
    """Return what sign-in registered (a row of its library). Raises Refusal when it makes no sense."""
    try:
        registered = RegistrationResponse.from_dict(authenticator.data["credential"])
        credential = registered.response.attestation_object.auth_data.credential_data
        if credential is None:
            raise ValueError
        key = cbor.encode(dict(credential.public_key))
        return NewPasskey(registered.id, key, str(authenticator.data.get("name") or _("Passkey")))
    except (ValueError, TypeError, KeyError, LookupError, AttributeError):
        raise Refusal(
            "PASSKEY_UNREADABLE", _("This passkey cannot be read. Remove it, then add it again.")
        ) from None


def ask_all(*, membership: Membership) -> list[Operation]:
    """Ask the worker to let in those passkeys of the member that are not in yet for this team and role."""
    return [_ask(membership, one) for one in not_in_yet(membership)]


def not_in_yet(membership: Membership) -> list[Any]:
    """Return the member's sign-in passkeys that could be let in for this team and role, and are not."""
    if not confirms(membership):
        return []
    known = {
        passkey.credential_id
        for passkey in TrustedPasskey.objects.filter(team=membership.team, user=membership.user)
        if passkey.is_revoked or passkey.role == membership.role
    }
    return [one for one in passkeys.registered(membership.user) if credential_id(one) not in known]


def credential_id(authenticator: Any) -> str:
    """Return the id that the browser gave the passkey, as far as web needs it: the worker reads all of it."""
    return str(authenticator.data.get("credential", {}).get("id", ""))


def confirms(membership: Membership) -> bool:
    """Say whether the member's role confirms anything with a passkey."""
    return any(allows(membership.role, action) for action in guarded_actions())


def _ask(membership: Membership, authenticator: Any) -> Operation:
    return queue.submit(
        Request(
            kind=TRUST,
            title=_("Let a passkey of %(who)s in") % {"who": membership.user.label},
            team=membership.team,
            gateway=None,
            actor=membership.user,
            subject_url=reverse("billing:passkeys"),
            unique_key=f"{TRUST}/{authenticator.pk}",
            args={"authenticator": str(authenticator.pk)},
        )
    )


def refuse(*, passkey: TrustedPasskey, membership: Membership) -> None:
    """Take a passkey's right to confirm: one's own, or anybody's for who manages owners."""
    if passkey.user_id != membership.user_id:
        demand(membership, Action.OWNERS_MANAGE)
    passkeys.revoke(TrustedPasskey.objects.filter(pk=passkey.pk), actor=membership.user.actor)


def passkey_or_404(team: Team, passkey_id: Any) -> TrustedPasskey:
    """Return one passkey of the team, refused ones too: who presses twice is not told that it was never there."""
    passkey = TrustedPasskey.objects.filter(team=team, pk=passkey_id).select_related("user").first()
    if passkey is None:
        raise Http404("no such passkey")
    return passkey


def on_saved(*, instance: Any, created: bool, **kwargs: Any) -> None:
    """A passkey was added to sign-in: ask for it in every team in which it could confirm something."""
    if created and credential_id(instance):
        for membership in team_selectors.memberships_of(instance.user):
            ask_all(membership=membership)


def on_deleted(*, instance: Any, **kwargs: Any) -> None:
    """A passkey was removed from sign-in: it confirms nothing any more."""
    own = TrustedPasskey.objects.filter(user=instance.user_id, credential_id=credential_id(instance))
    if credential_id(instance) and own.exists():
        passkeys.revoke(own, actor=instance.user.actor)


def of_leaver(viewer: Membership, user: User) -> list[LeaverItem]:
    """Return the passkeys with which the person can still confirm in the team."""
    may = allows(viewer.role, Action.OWNERS_MANAGE)
    return [
        LeaverItem(
            title=_("The passkey “%(name)s”") % {"name": passkey.name},
            detail=_("Confirms payments, limits and exports of this team."),
            icon="fingerprint-pattern",
            button=_("Take this away") if may else "",
            url=reverse("billing:passkey_refuse", args=[passkey.pk]) if may else "",
        )
        for passkey in passkeys.of_team(viewer.team).filter(user=user)
    ]


def of_person(user: User) -> list[dict[str, str]]:
    """Return what the panel holds about the passkeys with which the person confirms."""
    rows = TrustedPasskey.objects.filter(user=user).select_related("team").order_by("created_at")
    return [
        {
            "name": row.name,
            "team": row.team.name,
            "added": row.created_at.isoformat(),
            "confirms_from": row.eligible_from.isoformat(),
            "refused": row.revoked_at.isoformat() if row.revoked_at else "",
        }
        for row in rows
    ]


def erase(user: User) -> None:
    """Forget the person's passkeys; the audit record keeps that they were let in."""
    passkeys.revoke(TrustedPasskey.objects.filter(user=user), actor=user.actor)
    TrustedPasskey.objects.filter(user=user).delete()


def address(path: str) -> str:
    """Return the whole address of a page, for a letter."""
    return f"{settings.PANEL_URL}{path}"
