"""Reading a document that people wrote: every objection is collected, with the path of its field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from run402.errors import Problem, SpecInvalid
from run402.spec.values import Document, camel

INVALID = "INVALID_SPEC"
EMPTY_FIELDS: Final[dict[str, Any]] = {}


class Reader:
    """Collects what is wrong with a document. ``strict`` refuses fields that the contract does not know.

    >>> reader = Reader(strict=True)
    >>> reader.fields({"relese": "current"}, "base", {"release"}).values
    {}
    >>> reader.problems[0].path
    'base.relese'
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.problems: list[Problem] = []

    def wrong(self, path: str, message: str, *, code: str = INVALID) -> None:
        self.problems.append(Problem(code, path, message))

    def require_sound(self) -> None:
        """Raise SpecInvalid with everything that was collected."""
        if self.problems:
            raise SpecInvalid(self.problems)

    def fields(self, value: Any, path: str, known: Collection[str]) -> Fields:
        """An object's fields under their snake_case names, whichever way they were spelled."""
        given = self.mapping(value, path)
        names = {spelling: name for name in known for spelling in (camel(name), name)}
        spelled = {names[key]: key for key in given if key in names}
        spelled.update({key: key for key in given if key in known})  # snake_case wins over camelCase
        extra = {key: given[key] for key in given if key not in names}
        if self.strict:
            for key in extra:
                self.wrong(join(path, key), f"is not a field here. Known fields: {', '.join(sorted(known))}.")
        return Fields(self, path, {name: given[key] for name, key in spelled.items()}, spelled, extra)

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        self.wrong(path, "must be an object.")
        return EMPTY_FIELDS

    def sequence(self, value: Any, path: str) -> list[Any]:
        if isinstance(value, list | tuple):
            return list(value)
        self.wrong(path, "must be a list.")
        return []

    def text(self, value: Any, path: str) -> str:
        """A text that is not empty; an objection and an empty one otherwise."""
        if isinstance(value, str) and value:
            return value
        self.wrong(path, "must be a text that is not empty.")
        return ""

    def texts(self, value: Any, path: str) -> tuple[str, ...]:
        """A list of different texts."""
        found = [
            self.text(item, f"{path}[{number}]") for number, item in enumerate(self.sequence(value, path))
        ]
        for twice in sorted({item for item in found if item and found.count(item) > 1}):
            self.wrong(path, f"names “{twice}” twice.")
        return tuple(found)


class Fields:
    """One object of the document. Each reader gives the value, or None when the field is absent or wrong.

    >>> Fields(Reader(strict=True), "base", {"release": "current"}, {"release": "release"}, {}).text("release")
    'current'
    """

    def __init__(
        self, reader: Reader, path: str, values: Document, spelled: Mapping[str, str], extra: Document
    ) -> None:
        self.reader = reader
        self.path = path
        self.values = values
        self.extra = extra
        self._spelled = spelled

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def at(self, name: str) -> str:
        """The path of a field, as its author spelled it."""
        return join(self.path, self._spelled.get(name, name))

    def wrong(self, name: str, message: str, *, code: str = INVALID) -> None:
        self.reader.wrong(self.at(name), message, code=code)

    def text(self, name: str, *, required: bool = False) -> str | None:
        if name in self.values:
            return self.reader.text(self.values[name], self.at(name)) or None
        if required:
            self.wrong(name, "is required.")
        return None

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.values.get(name)
        if name not in self.values or (isinstance(value, str) and value in allowed):
            return value
        self.wrong(name, f"must be one of: {', '.join(allowed)}.")
        return None

    def whole(self, name: str, *, least: int, most: int | None = None) -> int | None:
        if name not in self.values:
            return None
        value = self.values[name]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number and value >= least and (most is None or value <= most):
            return int(value)
        limits = f"from {least}" + (f" to {most}" if most is not None else "")
        self.wrong(name, f"must be a whole number {limits}.")
        return None

    def flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        if name not in self.values or isinstance(value, bool):
            return value
        self.wrong(name, "must be true or false.")
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        return self.reader.texts(self.values[name], self.at(name)) if name in self.values else None

    def sequence(self, name: str) -> list[tuple[str, Any]] | None:
        """The items of a list, each with its path; None when the field is absent."""
        if name not in self.values:
            return None
        items = self.reader.sequence(self.values[name], self.at(name))
        return [(f"{self.at(name)}[{number}]", item) for number, item in enumerate(items)]

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        return self.reader.mapping(self.values[name], self.at(name)) if name in self.values else None


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
