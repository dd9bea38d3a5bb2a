"""The names under which a project is served (contract: apply 2.3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402 import names
from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document


@dataclass(frozen=True)
class Subdomains:
    """``set`` is exactly this list, ``add`` and ``remove`` change the one there is.

    >>> Subdomains(set=("guestbook",)).to_wire()
    {'set': ['guestbook']}
    """

    set: tuple[str, ...] | None = None
    add: tuple[str, ...] | None = None
    remove: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        return bool(self.set or self.add or self.remove)

    def to_wire(self) -> dict[str, Any]:
        parts = {"set": self.set, "add": self.add, "remove": self.remove}
        return document(
            "cloud", self.extra, **{name: list(part) for name, part in parts.items() if part is not None}
        )


def read_subdomains(reader: Reader, value: Any) -> Subdomains:
    fields = reader.fields(value, "subdomains", {"set", "add", "remove"})
    found = Subdomains(_names(fields, "set"), _names(fields, "add"), _names(fields, "remove"), fields.extra)
    if len(found.set or ()) > 1:
        fields.wrong(
            "set", "takes one name: a project has one subdomain.", code="SUBDOMAIN_MULTI_NOT_SUPPORTED"
        )
    return found


def _names(fields: Fields, part: str) -> tuple[str, ...] | None:
    found = fields.texts(part)
    for number, name in enumerate(found or ()):
        try:
            names.subdomain(name)
        except ValueError as error:
            if name:
                fields.reader.wrong(f"{fields.at(part)}[{number}]", str(error))
    return found
