"""Two people let a frozen wallet go, or one where no other could: after an hour in which anybody may stop it.

agree (worker, after a passkey) ──▶ second person's agree ──▶ lifted
                               └──▶ nobody else could ──▶ due in an hour ──▶ fall_due (worker) ──▶ lifted
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import Refusal
from teams.models import Membership, Team, User
from teams.permissions import Action, allows, may_with, still_allowed
from wallets import freezing, macs, passkeys
from wallets.models import Freeze, TrustedPasskey, Unfreezing, Wallet
from wallets.models.passkey import in_utc

#: How long everybody has to stop what one person alone has confirmed.
ALONE_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Agreed:
    """What one person's word did: lifted it, or began an unfreezing that waits."""

    lifted: bool
    waiting: Unfreezing | None = None


def agree(frozen: Freeze, *, user: User) -> Agreed:
    """Take one person's confirmed word, in a worker: the second one lifts the freeze, the first one waits.

    Raises Refusal for who has said so already, and for a freeze that was lifted.
    """
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=frozen.wallet_id)
        frozen.refresh_from_db()
        if frozen.lifted_at is not None:
            raise Refusal("FREEZE_LIFTED", _("This freeze was lifted already."))
        present = waiting(frozen)
        if present is not None and present.by_id == str(user.pk):
            raise Refusal(
                "UNFREEZE_ASKED", _("You have confirmed this already. Somebody else has to, or time.")
            )
        if present is not None and _may_still(present):
            freezing.lift(frozen, actor=user.actor)
            return Agreed(lifted=True)
        if present is not None:  # whoever lost the right meanwhile is no second person
            stop(present, actor=user.actor)
        return Agreed(lifted=False, waiting=_begin(frozen, user))


def fall_due(one: Unfreezing) -> bool:
    """Lift what one person confirmed an hour ago, in a worker; say whether it did. What was stopped stays frozen."""
    with transaction.atomic():
        Wallet.objects.select_for_update().get(pk=one.freeze.wallet_id)
        one.refresh_from_db()
        if one.stopped_at is not None or one.freeze.lifted_at is not None or one.due_at is None:
            return False
        if not genuine(one) or one.due_at > timezone.now():
            raise Refusal("UNFREEZE_NOT_DUE", _("This wallet stays frozen: its hour is not over."))
        freezing.lift(one.freeze, actor=Actor(one.by_id, one.by_label))
    return True


def stop(one: Unfreezing, *, actor: Actor) -> None:
    """Keep the wallet frozen. Raises Refusal when it was stopped or lifted already."""
    with transaction.atomic():
        running = Unfreezing.objects.filter(pk=one.pk, stopped_at=None, freeze__lifted_at=None)
        if not running.update(stopped_at=timezone.now(), stopped_by_label=actor.label[:200]):
            raise Refusal("UNFREEZE_OVER", _("This was stopped already, or the wallet is free."))
        _record("wallet.unfreeze_stopped", one.freeze, actor)


def waiting(frozen: Freeze) -> Unfreezing | None:
    """Return the genuine word that waits for a second one or for its hour, in a worker. One that is not counts not."""
    found = Unfreezing.objects.filter(freeze=frozen, stopped_at=None).first()
    if found is None or genuine(found):
        return found
    found.delete()
    return None


def genuine(one: Unfreezing) -> bool:
    """Say whether a worker wrote what this row says. Raises `Locked` outside a worker."""
    return macs.holds(bytes(one.mac), covered(one))


def covered(one: Unfreezing) -> bytes:
    """Return the bytes under the MAC: for which freeze, whose word, when, and from when it counts alone."""
    due = in_utc(one.due_at) if one.due_at else ""
    fields = [str(one.pk), str(one.freeze_id), one.by_id, in_utc(one.at), due]
    return json.dumps(["run402-panel/unfreezing/v1", *fields], separators=(",", ":")).encode()


def others_who_could(team: Team, user: User, wallet: Wallet) -> list[User]:
    """Return who else could confirm now, in a worker: the right, the wallet in reach, and a genuine passkey."""
    others = Membership.objects.filter(team=team, user__is_active=True).exclude(user=user)
    action = Action.WALLET_UNFREEZE
    able = [
        one
        for one in others.select_related("user", "team")
        if allows(one.role, action) and one.reach.covers(None, wallet.pk) and may_with(one, wallet.pk, action)
    ]
    return [one.user for one in able if any(map(_counts, _passkeys(one)))]


def _may_still(one: Unfreezing) -> bool:
    """Say whether whose word waits may still unfreeze this wallet."""
    person, wallet = User.objects.filter(pk=one.by_id).first(), one.freeze.wallet
    return person is not None and still_allowed(
        person, wallet.team, Action.WALLET_UNFREEZE, wallet_id=wallet.pk
    )


def _passkeys(membership: Membership) -> list[TrustedPasskey]:
    return list(passkeys.usable(membership.team, membership.user).filter(role=membership.role))


def _counts(passkey: TrustedPasskey) -> bool:
    return passkeys.genuine(passkey)


def _begin(frozen: Freeze, user: User) -> Unfreezing:
    now = timezone.now()
    alone = not others_who_could(frozen.wallet.team, user, frozen.wallet)
    one = Unfreezing(
        freeze=frozen,
        by_id=str(user.pk),
        by_label=user.label[:200],
        at=now,
        due_at=now + ALONE_FOR if alone else None,
    )
    one.mac = macs.compute(covered(one))
    one.save(force_insert=True)
    _record("wallet.unfreeze_asked", frozen, user.actor)
    return one


def _record(action: str, frozen: Freeze, actor: Actor) -> None:
    subject = Subject("wallet", str(frozen.wallet_id), frozen.wallet.label)
    record(action, team_id=frozen.wallet.team_id, actor=actor, subject=subject, details={"why": frozen.why})
