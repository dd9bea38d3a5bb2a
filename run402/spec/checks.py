"""Smoke checks after a release went live (contract: apply 2.3.8, where only the outer shape is certain)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Reader
from run402.spec.values import Document, document, given


@dataclass(frozen=True)
class Check:
    """One check; ``http`` is ``{path, method?, expect?{status?}}`` and kept as it was written.

    >>> Check("front page", {"path": "/"}).to_wire()
    {'name': 'front page', 'http': {'path': '/'}}
    """

    name: str | None
    http: Document | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self) -> dict[str, Any]:
        http = None if self.http is None else dict(self.http)
        return document("cloud", self.extra, name=given(self.name), http=given(http))


def read_checks(reader: Reader, value: Any) -> tuple[Check, ...]:
    found = []
    for number, item in enumerate(reader.sequence(value, "checks")):
        # What else a check may hold is not established, so nothing in it is refused.
        doc = reader.mapping(item, f"checks[{number}]")
        name = doc.get("name") if isinstance(doc.get("name"), str) else None
        http = doc.get("http") if isinstance(doc.get("http"), dict) else None
        known = {"name": name, "http": http}
        extra = {key: entry for key, entry in doc.items() if known.get(key) is None}
        found.append(Check(name, http, extra))
    return tuple(found)
