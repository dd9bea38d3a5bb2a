"""Checks chains in the database, whole or from where a signature stands."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from audit.entries import link
from audit.models import Chain, Event, SignedHead
from audit.verifying import Verdict, Verify, Walk


def verdict_of(key: str, verify: Verify | None = None) -> Verdict:
    """Walk one chain. Its own head tells how many entries there must be, so a cut-off end shows too."""
    heads = [row.head() for row in SignedHead.objects.filter(chain=key).order_by("seq")]
    walk = Walk(key, heads, verify)
    for event in _events(key):
        walk.take(event.entry())
    chain = Chain.objects.filter(key=key).first()
    return walk.end(chain.seq, chain.head) if chain else walk.end(0)


def broken_at(team_id: UUID | None) -> int | None:
    """Return the number of the first entry of a chain that is wrong or missing; None when the record is whole."""
    broken = verdict_of(str(team_id or "")).broken
    return broken.seq if broken else None


def extends(chain: Chain, last: SignedHead | None) -> bool:
    """Say whether what came after the last signed head is tied to it without a gap and leads to the chain's head."""
    seq, digest = (last.seq, last.digest) if last else (0, "")
    if last and not Event.objects.filter(chain=chain, seq=seq, digest=digest).exists():
        return False
    newer = Event.objects.filter(chain=chain, seq__gt=seq, seq__lte=chain.seq).order_by("seq")
    for event in newer.iterator():
        entry = event.entry()
        if entry.seq != seq + 1 or entry.previous != digest:
            return False
        if entry.digest != link(digest, entry.body(chain.key)):
            return False
        seq, digest = entry.seq, entry.digest
    return (seq, digest) == (chain.seq, chain.head)


def _events(key: str) -> Iterator[Event]:
    return Event.objects.filter(chain=key).order_by("seq").iterator()
