"""Which secrets a release needs, by name: values never travel in a spec (contract: apply 2.3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from run402 import names
from run402.spec.reader import Fields, Reader
from run402.spec.values import Document, document, given

_VALUES = ("set", "replace_all", "replaceAll")


@dataclass(frozen=True)
class Secrets:
    """``require`` must exist before the release goes live, ``delete`` is removed with it.

    >>> Secrets(require=("OPENAI_API_KEY",)).to_wire()
    {'require': ['OPENAI_API_KEY']}
    """

    require: tuple[str, ...] | None = None
    delete: tuple[str, ...] | None = None
    extra: Document = field(default_factory=dict, repr=False)

    @property
    def deploys(self) -> bool:
        return bool(self.require or self.delete)

    def to_wire(self) -> dict[str, Any]:
        return document(
            "cloud",
            self.extra,
            require=given(None if self.require is None else list(self.require)),
            delete=given(None if self.delete is None else list(self.delete)),
        )


def read_secrets(reader: Reader, value: Any) -> Secrets:
    """Values are refused, strict or not, and never repeated in the objection."""
    without = value
    if isinstance(value, dict) and any(key in value for key in _VALUES):
        without = {key: item for key, item in value.items() if key not in _VALUES}
        for key in (key for key in _VALUES if key in value):
            reader.wrong(
                f"secrets.{key}",
                "values never travel in a spec; take them out, and change them if they were real.",
            )
    fields = reader.fields(without, "secrets", {"require", "delete"})
    require, delete = _names(fields, "require"), _names(fields, "delete")
    for name in sorted(set(require or ()) & set(delete or ())):
        reader.wrong("secrets", f"“{name}” is required and deleted at once.")
    return Secrets(require, delete, fields.extra)


def check_name(reader: Reader, name: str, path: str) -> None:
    if name and not names.SECRET.fullmatch(name):
        reader.wrong(
            path, "is made of capital letters, digits and “_”, starts with no digit, and has at most 128."
        )


def _names(fields: Fields, part: str) -> tuple[str, ...] | None:
    found = fields.texts(part)
    for number, name in enumerate(found or ()):
        check_name(fields.reader, name, f"{fields.at(part)}[{number}]")
    return found
