"""What a release is planned against (contract: apply 2.3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Reader
from run402.spec.values import Document, document, given

RELEASES = ("current", "empty")


@dataclass(frozen=True)
class Base:
    """``release`` is ``current`` or ``empty``; or ``release_id`` pins one release. Exactly one of the two.

    >>> Base(release="current").to_wire()
    {'release': 'current'}
    """

    release: str | None = None
    release_id: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        return document("cloud", self.extra, release=given(self.release), release_id=given(self.release_id))


def read_base(reader: Reader, value: Any) -> Base:
    fields = reader.fields(value, "base", {"release", "release_id"})
    if ("release" in fields) == ("release_id" in fields):
        reader.wrong("base", "takes exactly one of release and release_id.")
    return Base(fields.choice("release", RELEASES), fields.text("release_id"), fields.extra)
