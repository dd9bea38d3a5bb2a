"""A plan as a person reads it: sums, sections with signs, warnings, price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.ui.figures import size
from deploys import warned
from deploys.plans import PARTS, entry_name

#: Lines of one section on the page; the rest is counted.
MOST_LINES = 400
SHORT = 25
SIGNS = {"added": ("add", "+"), "changed": ("mod", "~"), "removed": ("cut-out", "−")}
TITLES: dict[str, Promise] = {
    "migrations": gettext_lazy("Migrations"),
    "functions": gettext_lazy("Functions"),
    "routes": gettext_lazy("Routes"),
    "subdomains": gettext_lazy("Addresses"),
    "secrets": gettext_lazy("Secrets"),
    "site": gettext_lazy("Site files"),
}


@dataclass(frozen=True)
class Line:
    """One change."""

    css: str
    sign: str
    name: str
    note: str


@dataclass(frozen=True)
class Section:
    """The changes of one part. `hidden` lines are counted, not shown."""

    name: str
    title: str
    added: int
    changed: int
    removed: int
    lines: tuple[Line, ...]
    hidden: int

    @property
    def total(self) -> int:
        return self.added + self.changed + self.removed

    @property
    def is_short(self) -> bool:
        """Open from the start; a longer one is counted in its head, so that the price stays near on a phone."""
        return self.total <= SHORT


@dataclass(frozen=True)
class Warned:
    """A warning of the plan. `question` is what a person ticks, empty where nothing blocks."""

    code: str
    title: str
    step: str
    message: str
    affected: tuple[str, ...]
    hidden: int
    high: bool
    blocking: bool


@dataclass(frozen=True)
class Changes:
    """A plan, ready to be read."""

    digest: str
    summary: str
    promotes: bool
    beyond: tuple[str, ...]
    sections: tuple[Section, ...]
    warnings: tuple[Warned, ...]
    price_micros: int
    upload_count: int
    upload_bytes: int
    reused_bytes: int
    storage_before: int | None
    storage_after: int | None

    @property
    def blocking(self) -> int:
        """How many ticks are needed."""
        return sum(warning.blocking for warning in self.warnings)


def changes_of(plan: Mapping[str, Any]) -> Changes | None:
    """Return the plan as it is read; None while there is none."""
    if not plan:
        return None
    cost = plan.get("cost") or {}
    return Changes(
        digest=str(plan["digest"]),
        summary=str(plan.get("summary") or ""),
        promotes=bool(plan.get("promote")),
        beyond=tuple(plan.get("beyond") or ()),
        sections=sections_of(plan),
        warnings=warnings_of(plan),
        price_micros=int(plan["price_micros"]),
        upload_count=int(plan.get("upload_count") or 0),
        upload_bytes=int(plan.get("upload_bytes") or 0),
        reused_bytes=int(plan.get("reused_bytes") or 0),
        storage_before=_quota(cost, "quota_before"),
        storage_after=_quota(cost, "quota_after"),
    )


def sections_of(plan: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the parts that change, of a plan or of what differs between two releases."""
    return tuple(section for name in TITLES if name in PARTS and (section := _section(plan, name)).total)


def warnings_of(plan: Mapping[str, Any]) -> tuple[Warned, ...]:
    """Return the warnings, those that block first."""
    return tuple(sorted((_warned(warning) for warning in plan["warnings"]), key=_urgency))


def _quota(cost: Mapping[str, Any], name: str) -> int | None:
    value = (cost.get(name) or {}).get("storage_bytes")
    return value if isinstance(value, int) else None


def _section(plan: Mapping[str, Any], name: str) -> Section:
    totals = (plan.get("totals") or {}).get(name) or {}
    part = plan.get(name) or {}
    lines = [_line(kind, entry, name) for kind in SIGNS for entry in part.get(kind) or []]
    counts = {kind: int(totals.get(kind, 0)) for kind in SIGNS}
    shown = tuple(lines[:MOST_LINES])
    return Section(
        name,
        str(TITLES[name]),
        counts["added"],
        counts["changed"],
        counts["removed"],
        shown,
        sum(counts.values()) - len(shown),
    )


def _line(kind: str, entry: object, part: str) -> Line:
    css, sign = SIGNS[kind]
    return Line(css, sign, _named(entry, part), _noted(entry))


def _named(entry: object, part: str) -> str:
    name = entry_name(entry)
    if part == "routes" and isinstance(entry, Mapping):
        route = entry.get("after") if isinstance(entry.get("after"), Mapping) else entry
        methods = (route or {}).get("methods") if isinstance(route, Mapping) else None
        return f"{', '.join(methods)} {name}" if isinstance(methods, list) else name
    return name


def _noted(entry: object) -> str:
    """Say what else is known: bytes, changed fields, a route's target, a migration's transaction."""
    if not isinstance(entry, Mapping):
        return ""
    if isinstance(entry.get("size"), int):
        return size(entry["size"])
    if fields := entry.get("fields_changed"):
        return ", ".join(str(field).replace("_", " ") for field in fields)
    if isinstance(target := entry.get("target"), Mapping):
        return " ".join(str(target[key]) for key in ("type", "file", "name") if target.get(key))
    if entry.get("transaction"):
        return _("not in a transaction") if entry["transaction"] == "none" else _("in one transaction")
    return ""


def _warned(warning: Mapping[str, Any]) -> Warned:
    affected = [str(name) for name in warning["affected"]]
    explanation = warned.explained(warning["code"])
    return Warned(
        code=warning["code"],
        title=warned.title_of(warning["code"]),
        step=str(explanation.step) if explanation else "",
        message=warning["message"],
        affected=tuple(affected[:10]),
        hidden=max(len(affected) - 10, 0),
        high=warning["severity"] == "high",
        blocking=warning["blocking"],
    )


def _urgency(warning: Warned) -> tuple[bool, bool]:
    return not warning.blocking, not warning.high
