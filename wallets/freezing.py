"""Freezing one wallet: nothing is reserved or signed with it until a worker lifts the freeze.

    freeze(wallet, actor=..., why=...)   anywhere, at once: locking needs no key
    refuse_if_frozen(wallet)             raises Frozen; asked before money is reserved, before a signature is kept,
                                         and before one that was kept is shown again
    lift(freeze, actor=...)              in a worker: it marks the row, and an unmarked lift counts for nothing

Whoever may is asked above (`billing.freezes`).
"""

from __future__ import annotations

import json

from django.db import IntegrityError, transaction
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _

from audit.record import Actor, Subject, record
from core.errors import NextStep, Refusal
from wallets import macs
from wallets.models import Freeze, Wallet
from wallets.models.passkey import in_utc

LONGEST_WHY = 200


class Frozen(Refusal):
    """The wallet is frozen: what was asked ends, and nothing was paid for it."""

    def __init__(self, freeze: Freeze) -> None:
        self.freeze = freeze
        super().__init__(
            "WALLET_FROZEN",
            said(freeze),
            hint=_("Nothing was paid. Start it again when the wallet is free."),
            next_steps=[
                NextStep("look_at_wallet", _("See the wallet"), f"/wallets/{freeze.wallet_id}"),
                NextStep("choose_wallet", _("Use another wallet"), "/wallets/"),
            ],
        )


def freeze(wallet: Wallet, *, actor: Actor, why: str) -> Freeze:
    """Freeze the wallet now. Raises Refusal without a reason, or when it is frozen already."""
    reason = why.strip()[:LONGEST_WHY]
    if not reason:
        raise Refusal("FREEZE_WITHOUT_REASON", _("Say why, for those who find it frozen."), field="why")
    made = Freeze(wallet=wallet, why=reason, by_id=actor.id, by_label=actor.label[:200])
    try:
        with transaction.atomic():
            _lock(wallet)
            made.save(force_insert=True)
            _record("wallet.frozen", made, actor)
    except IntegrityError:
        raise Refusal("WALLET_FROZEN_ALREADY", _("This wallet is frozen already.")) from None
    return made


def lift(frozen: Freeze, *, actor: Actor) -> None:
    """Take the freeze off, in a worker. Raises Refusal when it was lifted already, `Locked` outside a worker."""
    frozen.lifted_at, frozen.lifted_by_label = timezone.now(), actor.label[:200]
    mark = macs.compute(covered(frozen))
    with transaction.atomic():
        changed = Freeze.objects.filter(pk=frozen.pk, lifted_at=None).update(
            lifted_at=frozen.lifted_at, lifted_by_label=frozen.lifted_by_label, lift_mac=mark
        )
        if not changed:
            raise Refusal("FREEZE_LIFTED", _("This freeze was lifted already."))
        _record("wallet.unfrozen", frozen, actor)
    frozen.refresh_from_db()


def refuse_if_frozen(wallet: Wallet) -> None:
    """Raise Frozen while the wallet is frozen. Its row is locked: a freeze comes before what is signed, or after.

    Works in workers only: a freeze that was lifted without a worker's mark still holds.
    """
    with transaction.atomic():
        _lock(wallet)
        for each in Freeze.objects.filter(wallet=wallet).order_by("at"):
            if not _is_lifted(each):
                raise Frozen(each)


def active(wallet: Wallet) -> Freeze | None:
    """Return what holds the wallet, as the rows say; only a worker can tell whether a lift is genuine."""
    return Freeze.objects.filter(wallet=wallet, lifted_at=None).first()


def said(frozen: Freeze) -> str:
    """Return the sentence about a freeze: “Frozen by Alice on 26 Nov, 10:02 UTC: why”."""
    at = frozen.at.astimezone(timezone.get_fixed_timezone(0))
    words = {"who": frozen.by_label, "when": dateformat.format(at, "j M, H:i"), "why": frozen.why}
    return _("Frozen by %(who)s on %(when)s UTC: %(why)s") % words


def covered(frozen: Freeze) -> bytes:
    """Return the bytes under the mark of a lift: which freeze of which wallet, and when it ended."""
    ended = in_utc(frozen.lifted_at) if frozen.lifted_at else ""
    fields = [str(frozen.pk), str(frozen.wallet_id), ended]
    return json.dumps(["run402-panel/unfreeze/v1", *fields], separators=(",", ":")).encode()


def _is_lifted(frozen: Freeze) -> bool:
    if frozen.lifted_at is None or not frozen.lift_mac:
        return False
    return macs.holds(bytes(frozen.lift_mac), covered(frozen))


def _lock(wallet: Wallet) -> None:
    """Hold the wallet's row for the rest of the transaction."""
    Wallet.objects.select_for_update().only("pk").get(pk=wallet.pk)


def _record(action: str, frozen: Freeze, actor: Actor) -> None:
    record(
        action,
        team_id=frozen.wallet.team_id,
        actor=actor,
        subject=Subject("wallet", str(frozen.wallet_id), frozen.wallet.label),
        details={"why": frozen.why},
    )
