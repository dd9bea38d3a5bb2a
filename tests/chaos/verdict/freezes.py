"""Frozen wallets: nothing is paid from them, and two people let one go."""

from __future__ import annotations

from collections.abc import Iterator

from audit.models import Event
from billing import freezes
from operations.models import Operation, State
from tests.chaos.verdict.finding import LOST, OTHER, OVERSPENT, REPEATED, Facts, Finding, check, doubts, told
from wallets.models import Freeze


@check
def nothing_is_reserved_while_frozen(facts: Facts) -> Iterator[Finding]:
    """The audit record, read from its beginning."""
    actions = ("wallet.frozen", "wallet.unfrozen", "payment.reserved")
    frozen: set[str] = set()
    for event in Event.objects.filter(action__in=actions).order_by("chain_id", "seq"):
        if event.action == "wallet.frozen":
            frozen.add(event.object_id)
        elif event.action == "wallet.unfrozen":
            frozen.discard(event.object_id)
        elif event.details["wallet"] in frozen:
            yield Finding(
                OVERSPENT, f"payment {event.object_id} of the frozen wallet {event.details['wallet']}"
            )


@check
def a_wallet_is_let_go_once_by_two_people(facts: Facts) -> Iterator[Finding]:
    """One word waits, the second one lifts. No run is so long that one person's word is enough."""
    for frozen in Freeze.objects.all():
        words = [word for word in facts.of(freezes.UNFREEZE) if word.args["freeze"] == str(frozen.pk)]
        lifting = _who_said("lifted", words)
        if len(lifting) > 1:
            yield Finding(REPEATED, f"freeze {frozen.pk} was lifted {len(lifting)} times")
        if (frozen.lifted_at is not None) != bool(lifting) and not any(map(doubts, words)):
            yield Finding(LOST, f"freeze {frozen.pk} was lifted at {frozen.lifted_at}: {[*map(told, words)]}")
        if lifting and not set(_who_said("waits", words)) - set(lifting):
            yield Finding(OTHER, f"one person alone lifted the freeze {frozen.pk}: {[*map(told, words)]}")


def _who_said(said: str, words: list[Operation]) -> list[object]:
    """Return who asked for those of the operations that ended so."""
    done = [word for word in words if word.state == State.SUCCEEDED]
    return [word.actor_id for word in done if word.result.get("said") == said]
