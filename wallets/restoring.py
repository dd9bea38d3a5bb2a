"""Money after a restore: all is stopped, and wallets are frozen: what they spent after the backup is not known."""

from __future__ import annotations

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from audit.record import SYSTEM
from core.registry import Restored
from wallets import gateways, halts
from wallets.models import Halt, Wallet


def freeze(restored: Restored) -> None:
    """Let no wallet pay before somebody has read the chain; take the gateways from this machine's settings.

    One that was frozen when the backup was made is unread from earlier on.
    """
    Wallet.objects.filter(state=Wallet.State.READY).update(
        frozen_at=restored.at, unread_from=Coalesce("unread_from", Value(restored.made_at))
    )
    gateways.sync()


def halt(restored: Restored) -> None:
    """Stop everything until an operator has looked. It takes the place of a person's stop of everything."""
    earlier = Halt.objects.filter(scope=Halt.Scope.EVERYTHING, lifted_at=None)
    whys = [found.why for found in earlier]
    earlier.update(lifted_at=restored.at, lifted_by_label=SYSTEM.label)
    facts = {"time": f"{restored.made_at:%Y-%m-%d %H:%M} UTC", "why": "".join(whys)}
    why = _("it holds what was there at %(time)s.") % facts
    if whys:
        why = _("%(here)s Everything was stopped before: %(why)s") % {**facts, "here": why}
    halts.stop(actor=SYSTEM, why=why, cause=Halt.Cause.RESTORED)
