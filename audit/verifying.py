"""Checks one chain from its first entry to its last, and names the first entry that is broken. Works offline.

walk = Walk(chain, heads, verify)
for entry in entries:
    walk.take(entry)
verdict = walk.end(expected=120)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from audit.entries import Entry, Hidden, canonical, link

HEAD_FORM = "run402-panel/audit-head/1"

CHANGED, REWRITTEN, REMOVED = "changed", "rewritten", "removed"
REORDERED, CUT, ADDED = "reordered", "cut", "added"
SIGNATURE, UNREADABLE = "signature", "unreadable"

SENTENCES = {
    CHANGED: "was changed after it was recorded",
    REWRITTEN: "is the first after the last signature that holds: from here on the record was written anew",
    REMOVED: "is missing",
    REORDERED: "stands in the wrong place",
    CUT: "is missing with everything after it: the end was cut off",
    ADDED: "is one more than the chain's own end admits",
    SIGNATURE: "is under a signature that is wrong",
    UNREADABLE: "cannot be read",
}


@dataclass(frozen=True)
class Head:
    """The worker's word that the chain ended with this digest at that time. `signature` is base64."""

    seq: int
    digest: str
    at: str
    key_id: str
    signature: str

    def statement(self, chain: str) -> bytes:
        """Return the bytes that are signed."""
        return canonical([HEAD_FORM, chain, self.seq, self.digest, self.at, self.key_id])


#: Says whether the signature over a statement is right. Arguments: head, statement.
Verify = Callable[[Head, bytes], bool]


@dataclass(frozen=True)
class Broken:
    """The first entry that does not hold, and why. Time and action are empty when the entry is gone or hidden."""

    seq: int
    why: str
    at: str = ""
    action: str = ""

    def sentence(self) -> str:
        """Return it for a person."""
        known = f" ({self.at}, {self.action})" if self.action else ""
        return f"Entry {self.seq}{known} {SENTENCES[self.why]}."


@dataclass(frozen=True)
class Verdict:
    """What holds. `entries` counts from the first one; `signed` is the newest head whose signature and digest hold."""

    chain: str
    entries: int
    hidden: int
    signed: Head | None
    broken: Broken | None

    def sentence(self) -> str:
        """Return it for a person."""
        if self.broken:
            return f"{self.broken.sentence()} {self._up_to()}"
        return f"{self.entries} entries, whole.{self._shown()} {self._under()}"

    def _up_to(self) -> str:
        holds = f"The {self.entries} before it hold." if self.entries > 1 else ""
        holds = "The one before it holds." if self.entries == 1 else holds
        return f"{holds} {self._under()}".strip()

    def _shown(self) -> str:
        shown = self.entries - self.hidden
        return f" {shown} of them are shown, the others are there as digests." if self.hidden else ""

    def _under(self) -> str:
        if self.signed is None:
            return "None is under a signature that was checked."
        left = self.entries - self.signed.seq
        rest = f" {left} after it are not signed yet." if left else ""
        return (
            f"Signed up to entry {self.signed.seq}, at {self.signed.at} with key {self.signed.key_id}.{rest}"
        )


class Walk:
    """Takes a chain's entries in the order in which they are kept. After the first broken one it only looks on."""

    def __init__(self, chain: str, heads: Iterable[Head], verify: Verify | None) -> None:
        self.chain = chain
        self.broken: Broken | None = None
        self._heads: dict[int, list[Head]] = {}
        for head in heads:
            self._heads.setdefault(head.seq, []).append(head)
        self._verify = verify
        self._seq, self._digest, self._hidden = 0, "", 0
        self._signed: Head | None = None
        self._last: Entry | Hidden | None = None
        self._since: Entry | Hidden | None = None  # the first entry that no signature covers

    def take(self, item: Entry | Hidden) -> None:
        """Check the next entry."""
        if self.broken:
            self._look_for_missing(item)
        elif item.seq != self._seq + 1:
            early = REMOVED if item.seq > self._seq + 1 else REORDERED
            self._break(early, None if early == REMOVED else item, seq=min(item.seq, self._seq + 1))
        elif not self._holds(item):
            self._break(CHANGED, item)
        else:
            self._check_heads(item)

    def unreadable(self) -> None:
        """Say that what should be the next entry is none."""
        if not self.broken:
            self._break(UNREADABLE, None)

    def end(self, expected: int, digest: str = "", *, whole: bool = True) -> Verdict:
        """Return the verdict. The chain's own end has this number and digest; a file that just stops is not `whole`."""
        if self.broken is None:
            if not whole or self._seq < max([expected, *self._heads]):
                self._break(CUT, None)
            elif self._seq > expected:
                self._break(ADDED, None, seq=expected + 1)
            elif digest and digest != self._digest:
                self._break(CHANGED, self._last)
        return Verdict(self.chain, self._seq, self._hidden, self._signed, self.broken)

    def _holds(self, item: Entry | Hidden) -> bool:
        if isinstance(item, Hidden):
            return item.digest == link(self._digest, item.body)
        linked = item.previous == self._digest and item.digest == link(self._digest, item.body(self.chain))
        return linked and item.names_hold

    def _check_heads(self, item: Entry | Hidden) -> None:
        """Hold the heads that were signed at this entry against it, then count it."""
        self._since = self._since or item
        for head in self._heads.get(item.seq, ()):
            if self._verify and not self._verify(head, head.statement(self.chain)):
                self._break(SIGNATURE, item)
                return
            if head.digest != item.digest:
                self._break(REWRITTEN, self._since)
                return
            self._signed = head if self._verify else None
            self._since = None
        self._seq, self._digest, self._last = item.seq, item.digest, item
        self._hidden += isinstance(item, Hidden)

    def _look_for_missing(self, item: Entry | Hidden) -> None:
        """What is missing in its place and comes later was moved, not removed."""
        if self.broken and self.broken.why == REMOVED and item.seq == self.broken.seq:
            self._break(REORDERED, item)

    def _break(self, why: str, item: Entry | Hidden | None, *, seq: int = 0) -> None:
        at, action = (item.at, item.action) if isinstance(item, Entry) else ("", "")
        number = seq or (item.seq if item else self._seq + 1)
        self.broken = Broken(number, why, at, action)
        self._seq = min(self._seq, number - 1)
