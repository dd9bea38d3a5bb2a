"""What is still to be done after a restore, in figures: operators see no team's data."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.models import Hook
from operations.decisions import RESTORED
from operations.models import Operation, Reason, State
from wallets.models import Halt, Wallet


@dataclass(frozen=True)
class AfterRestore:
    """How far it is. `frozen` wallets pay nothing yet, whether the halt is lifted or not."""

    wallets: int
    frozen: int
    to_review: int
    hooks_off: int

    @property
    def caught_up(self) -> int:
        return self.wallets - self.frozen


def after_restore() -> AfterRestore | None:
    """Return it while a restored instance is halted, or while wallets of one are frozen."""
    ready = Wallet.objects.filter(state=Wallet.State.READY)
    frozen = ready.filter(frozen_at__isnull=False).count()
    halted = Halt.objects.filter(cause=Halt.Cause.RESTORED, lifted_at=None).exists()
    if not frozen and not halted:
        return None
    waiting = Operation.objects.filter(state=State.WAITING, reason=Reason.REVIEW)
    return AfterRestore(
        wallets=ready.count(),
        frozen=frozen,
        to_review=waiting.filter(**{f"checkpoints__{RESTORED}": True}).count(),
        hooks_off=Hook.objects.filter(off_since_restore__isnull=False).count(),
    )
