"""The page that compares two releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from core.ui.figures import size
from deploys.comparing import ACTIVE, EMPTY
from deploys.models import Release
from deploys.pages.changes import Section, Warned, sections_of, warnings_of
from operations.models import Operation, State
from projects.models import Project

POLL_MILLISECONDS = 500


@dataclass(frozen=True)
class Choice:
    """One release to choose."""

    value: str
    label: str


@dataclass(frozen=True)
class Difference:
    """What differs, ready to be read."""

    summary: str
    is_noop: bool
    sections: tuple[Section, ...]
    warnings: tuple[Warned, ...]
    counters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DiffPage:
    """The two choices, and the difference once it was read. `delay` in milliseconds while it is."""

    project: Project
    before: str
    after: str
    choices: tuple[Choice, ...]
    problem: str
    operation: Operation | None
    difference: Difference | None
    sides: tuple[Release, ...]
    may_deploy: bool

    @property
    def delay(self) -> int | None:
        return POLL_MILLISECONDS if self.operation and self.operation.is_active else None

    @property
    def here(self) -> str:
        """The address of this very comparison."""
        return self._address(self.before, self.after)

    @property
    def swapped(self) -> str:
        """The address of the other way round; none where that cannot be asked."""
        return "" if EMPTY in (self.before, self.after) else self._address(self.after, self.before)

    @property
    def command(self) -> str:
        """The same from a terminal."""
        return f"run402 deploy release diff --from {self.before} --to {self.after}"

    def _address(self, before: str, after: str) -> str:
        query = urlencode({"from": before, "to": after})
        return f"{reverse('deploys:diff', args=[self.project.pk])}?{query}"


def diff_page(
    project: Project,
    releases: Sequence[Release],
    *,
    before: str,
    after: str,
    problem: str = "",
    operation: Operation | None = None,
    may_deploy: bool = False,
) -> DiffPage:
    """Put the page together; `releases` are those to choose from, the newest first."""
    done = operation if operation and operation.state == State.SUCCEEDED else None
    found = (done.result or {}).get("diff") if done else None
    chosen = (before, after)
    return DiffPage(
        project=project,
        before=before,
        after=after,
        choices=tuple(_choices(releases, chosen)),
        problem=problem,
        operation=operation,
        difference=_difference(found) if isinstance(found, dict) else None,
        sides=tuple(release for release in releases if release.remote_id in chosen and not release.is_live),
        may_deploy=may_deploy,
    )


def _choices(releases: Sequence[Release], chosen: Sequence[str]) -> Iterator[Choice]:
    yield Choice(EMPTY, _("Nothing (empty)"))
    yield Choice(ACTIVE, _("What is live now (active)"))
    for release in releases:
        yield Choice(release.remote_id, _label(release))
    for other in sorted(set(chosen) - {EMPTY, ACTIVE, ""} - {release.remote_id for release in releases}):
        yield Choice(other, other)


def _label(release: Release) -> str:
    if release.generation is None:
        return release.remote_id
    name = _("Generation %(number)s") % {"number": release.generation}
    return _("%(name)s, live") % {"name": name} if release.is_live else name


def _difference(found: Mapping[str, Any]) -> Difference:
    return Difference(
        summary=str(found.get("summary") or ""),
        is_noop=bool(found.get("is_noop")),
        sections=sections_of(found),
        warnings=warnings_of(found),
        counters=tuple(_counter(key, value) for key, value in (found.get("counters") or {}).items()),
    )


def _counter(key: str, value: int) -> tuple[str, str]:
    labels = {
        "unchanged": _("Files that stay"),
        "changed": _("Files that change"),
        "added": _("Files that come"),
        "removed": _("Files that go"),
        "newly_uploaded_cas_bytes": _("Uploaded anew"),
        "reused_cas_bytes": _("Kept from before"),
        "deployment_copy_bytes_eliminated": _("Not copied"),
    }
    return labels.get(key, key.replace("_", " ").capitalize()), size(value) if "bytes" in key else str(value)
