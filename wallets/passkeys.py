"""Which passkeys may confirm, and the marks that make it so.

allow_first(...)   on the worker's machine, once: the owner's next passkey may confirm at once
trust(...)         in a worker: everybody else's, and every later one, after a day
genuine(...)       in a worker: was this row written by one
revoke(...)        anywhere: locking needs no key
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import Refusal
from teams.models import Membership, Team, User
from wallets import macs
from wallets.models import FirstPasskey, TrustedPasskey
from wallets.models.passkey import in_utc

#: How long owners have to refuse a passkey before it may confirm.
DELAY = timedelta(hours=24)
FIRST_WITHIN = timedelta(days=7)


@dataclass(frozen=True)
class NewPasskey:
    """A passkey as the sign-in page registered it: id in base64url, public key in COSE."""

    credential_id: str
    public_key: bytes
    name: str


def trust(membership: Membership, found: NewPasskey, *, actor: Actor) -> TrustedPasskey:
    """Let the member's passkey confirm in the team: at once with a genuine leave for that, else after a day.

    Returns the row there is when it was trusted before. Raises Refusal for one that was revoked.
    """
    with transaction.atomic():
        present = TrustedPasskey.objects.select_for_update().filter(
            team=membership.team, credential_id=found.credential_id
        )
        if known := present.first():
            return _known(known, membership, found)
        row = TrustedPasskey(
            team=membership.team,
            user=membership.user,
            role=membership.role,
            credential_id=found.credential_id,
            public_key=found.public_key,
            name=found.name[:100],
            eligible_from=timezone.now() if _use_first(membership) else timezone.now() + DELAY,
        )
        _mark(row)
        _record("passkey.trusted", row, actor)
    return row


def _known(row: TrustedPasskey, membership: Membership, found: NewPasskey) -> TrustedPasskey:
    """Return a passkey that was trusted before; begin the day again for another role, or a row that is not genuine."""
    if row.is_revoked or row.user_id != membership.user_id:
        raise Refusal(
            "PASSKEY_REVOKED",
            _("This passkey was refused in this team. Remove it, then add another one."),
        )
    if row.role != membership.role or not genuine(row):
        row.role, row.eligible_from = membership.role, timezone.now() + DELAY
        row.public_key, row.name = found.public_key, found.name[:100]
        _mark(row)
    return row


def _mark(row: TrustedPasskey) -> None:
    row.mac = macs.compute(covered(row))
    row.save()


def genuine(row: TrustedPasskey) -> bool:
    """Say whether a worker wrote what this row says. Raises `Locked` outside a worker."""
    return bool(row.mac) and macs.holds(bytes(row.mac), covered(row))


def covered(row: TrustedPasskey) -> bytes:
    """Return the bytes under the MAC: whose key, which one, for which team and role, and from when."""
    key = bytes(row.public_key).hex()
    fields = [row.team_id, row.user_id, row.role, row.credential_id, key, in_utc(row.eligible_from)]
    return _bytes("run402-panel/passkey/v1", fields)


def allow_first(team: Team, user: User, *, actor: Actor) -> FirstPasskey:
    """Let the owner's next passkey confirm at once. Needs the policy key, so whoever holds it decides."""
    until = timezone.now() + FIRST_WITHIN
    with transaction.atomic():
        FirstPasskey.objects.filter(team=team, user=user).delete()
        row = FirstPasskey(team=team, user=user, until=until)
        row.mac = macs.compute(first_covered(row))
        row.save()
        subject = Subject("user", str(user.pk), user.label)
        record("passkey.first_allowed", team_id=team.pk, actor=actor, subject=subject)
    return row


def _use_first(membership: Membership) -> bool:
    """Say whether there is a genuine leave, and use it up."""
    row = FirstPasskey.objects.filter(team=membership.team, user=membership.user).first()
    if row is None:
        return False
    row.delete()
    return row.until > timezone.now() and macs.holds(bytes(row.mac), first_covered(row))


def first_covered(row: FirstPasskey) -> bytes:
    """Return the bytes under the MAC of a leave: in which team, for whom, until when."""
    return _bytes("run402-panel/first-passkey/v1", [row.team_id, row.user_id, in_utc(row.until)])


def _bytes(what: str, fields: Iterable[Any]) -> bytes:
    return json.dumps([what, *map(str, fields)], separators=(",", ":")).encode()


def revoke(rows: QuerySet[TrustedPasskey], *, actor: Actor) -> int:
    """Take away that these passkeys may confirm; return how many could until now. Their MACs are forgotten."""
    with transaction.atomic():
        valid = list(rows.filter(revoked_at=None).select_for_update().select_related("user"))
        for row in valid:
            TrustedPasskey.objects.filter(pk=row.pk).update(revoked_at=timezone.now(), mac=b"")
            _record("passkey.revoked", row, actor)
    return len(valid)


def of_team(team: Team) -> QuerySet[TrustedPasskey]:
    """Return the team's passkeys that confirm or will, oldest first."""
    return TrustedPasskey.objects.filter(team=team, revoked_at=None).select_related("user")


def usable(team: Team, user: User) -> QuerySet[TrustedPasskey]:
    """Return the passkeys with which the person may confirm in the team now, as their rows say."""
    return of_team(team).filter(user=user, eligible_from__lte=timezone.now())


def waiting(team: Team) -> QuerySet[TrustedPasskey]:
    """Return the passkeys that owners can still refuse before they may confirm."""
    return of_team(team).filter(eligible_from__gt=timezone.now())


def _record(action: str, row: TrustedPasskey, actor: Actor) -> None:
    record(
        action,
        team_id=row.team_id,
        actor=actor,
        subject=Subject("passkey", str(row.pk), f"{row.name}, {row.user.label}"),
        details={"person": row.user.label, "role": row.role, "eligible_from": in_utc(row.eligible_from)},
    )


def registered(user: User) -> list[Any]:
    """Return the passkeys with which the person signs in (rows of the sign-in library), oldest first."""
    from allauth.mfa.models import Authenticator

    own = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return list(own.order_by("created_at"))
