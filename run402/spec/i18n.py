"""Languages that routed functions are told about (contract: apply 2.3.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from run402.spec.reader import Fields, Reader
from run402.spec.values import Dialect, Document, document, given

MOST_LOCALES = 50
MOST_SOURCES = 10
_LOCALE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SOURCE = re.compile(r"accept-language|cookie:[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_KNOWN = frozenset({"default_locale", "locales", "detect", "unknown_locale_policy"})


@dataclass(frozen=True)
class I18n:
    """The languages of a release; ``default_locale`` is one of ``locales``, to the byte.

    >>> I18n("en", ("en", "de-AT")).to_wire("core")
    {'defaultLocale': 'en', 'locales': ['en', 'de-AT']}
    """

    default_locale: str
    locales: tuple[str, ...]
    detect: tuple[str, ...] | None = None
    unknown_locale_policy: str | None = None
    extra: Document = field(default_factory=dict, repr=False)

    def to_wire(self, dialect: Dialect) -> dict[str, Any]:
        return document(
            dialect,
            self.extra,
            default_locale=self.default_locale,
            locales=list(self.locales),
            detect=given(None if self.detect is None else list(self.detect)),
            unknown_locale_policy=given(self.unknown_locale_policy),
        )


def read_i18n(reader: Reader, value: Any) -> I18n:
    fields = reader.fields(value, "i18n", _KNOWN)
    locales = _locales(fields)
    default = fields.text("default_locale", required=True) or ""
    if default and locales and default not in locales:
        fields.wrong("default_locale", "must be one of locales, spelled alike.")
    return I18n(default, locales, _detect(fields), fields.text("unknown_locale_policy"), fields.extra)


def _locales(fields: Fields) -> tuple[str, ...]:
    locales = fields.texts("locales") or ()
    if not 1 <= len(locales) <= MOST_LOCALES:
        fields.wrong("locales", f"lists 1 to {MOST_LOCALES} languages.")
    for number, locale in enumerate(locales):
        if locale and not _LOCALE.fullmatch(locale):
            fields.reader.wrong(
                f"{fields.at('locales')}[{number}]", "is no language tag such as en or de-AT."
            )
    return locales


def _detect(fields: Fields) -> tuple[str, ...] | None:
    sources = fields.texts("detect")
    if len(sources or ()) > MOST_SOURCES:
        fields.wrong("detect", f"lists at most {MOST_SOURCES} sources.")
    for number, source in enumerate(sources or ()):
        if source and not _SOURCE.fullmatch(source):
            fields.reader.wrong(f"{fields.at('detect')}[{number}]", "is accept-language or cookie:<name>.")
    return sources
