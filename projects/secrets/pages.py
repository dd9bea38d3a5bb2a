"""What the pages of secrets show, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from core.registry import SecretNeed
from operations import halted
from operations.models import Operation, State
from projects.models import Project
from projects.secrets import selectors, services
from projects.secrets.models import Secret, SecretDraft
from projects.selectors import may_work_on
from teams.models import Membership
from teams.permissions import Action

#: A value that was not replaced for so long is worth a look.
OLD = timedelta(days=365)
POLL_MILLISECONDS = 1000
MOST_SHOWN = 6


@dataclass(frozen=True)
class Row:
    """One name: set or not, by whom it is required, and whether it is being changed now."""

    key: str
    secret: Secret | None
    needs: tuple[SecretNeed, ...]
    change: Operation | None

    @property
    def is_missing(self) -> bool:
        return self.secret is None and bool(self.needs)

    @property
    def is_old(self) -> bool:
        """Its value is the same since a year or longer."""
        at = self.secret.updated_at if self.secret else None
        return at is not None and at < timezone.now() - OLD

    @property
    def is_live(self) -> bool:
        """What serves now requires it."""
        return any(need.live for need in self.needs)


@dataclass(frozen=True)
class SecretsPage:
    """A project's secrets: required and present. `delay` in milliseconds while something moves, or is `halted`."""

    project: Project
    rows: tuple[Row, ...]
    needs: tuple[SecretNeed, ...]
    sync: Operation | None
    failed: Operation | None
    delay: int | None
    halted: str
    may_set: bool
    may_refresh: bool
    sees_operations: bool
    can_be_read: bool
    may_import_keys: bool

    @property
    def wallet_id(self) -> str:
        """The wallet's id, as an address has it."""
        return str(self.project.wallet_id)

    @property
    def missing(self) -> list[Row]:
        return [row for row in self.rows if row.is_missing]

    @property
    def present(self) -> int:
        """How many are set."""
        return sum(row.secret is not None for row in self.rows)

    @property
    def some_missing(self) -> list[Row]:
        """As many missing ones as a panel shows."""
        return self.missing[:MOST_SHOWN]

    @property
    def more_missing(self) -> int:
        return max(len(self.missing) - MOST_SHOWN, 0)

    @property
    def unsure(self) -> str:
        """Why more may be required than is known; empty when nothing hints at that."""
        return next((need.unsure for need in self.needs if need.unsure), "")

    @property
    def cli(self) -> str:
        """The equal command of the CLI."""
        return f"run402 secrets list {self.project.remote_id}"


def secrets_page(project: Project, sync: Operation | None, membership: Membership) -> SecretsPage:
    """Put the page together."""
    changes = selectors.changes_under_way(project)
    needs = tuple(selectors.needs_of(project, membership))
    moving = [*changes, *([sync] if sync is not None and sync.is_active else [])]
    sees_operations = membership.reach.covers(wallet_id=project.wallet_id)
    last = selectors.last_change(project) if sees_operations and not changes else None
    return SecretsPage(
        project=project,
        rows=tuple(_rows(selectors.secrets_of(project), needs, changes)),
        needs=needs,
        sync=sync,
        failed=last if last is not None and last.state == State.FAILED else None,
        delay=POLL_MILLISECONDS if moving else None,
        halted=halted.why_queued(moving[0]) if moving else "",
        may_set=services.can_be_read(project) and may_work_on(project, membership, Action.SECRETS_SET),
        may_refresh=services.can_be_read(project) and may_work_on(project, membership, Action.PROJECT_SYNC),
        sees_operations=sees_operations,
        can_be_read=services.can_be_read(project),
        may_import_keys=may_import_keys(project, membership),
    )


def may_import_keys(project: Project, membership: Membership) -> bool:
    """Say whether the member may bring the keys that the panel lacks: they adopt with the project's wallet."""
    return project.lacks_keys and may_work_on(project, membership, Action.PROJECT_CREATE)


def _rows(secrets: Iterable[Secret], needs: Iterable[SecretNeed], changes: list[Operation]) -> Iterable[Row]:
    """Yield what is missing first, then the others by name."""
    present = {secret.key: secret for secret in secrets}
    required: dict[str, list[SecretNeed]] = {}
    for need in needs:
        for name in need.names:
            required.setdefault(name, []).append(need)
    moving = {key: change for change in reversed(changes) for key in _keys_of(change)}
    rows = [
        Row(key, present.get(key), tuple(required.get(key, ())), moving.get(key))
        for key in sorted({*present, *required, *moving})
    ]
    return sorted(rows, key=lambda row: not row.is_missing)


def _keys_of(change: Operation) -> list[str]:
    keys = change.args.get("keys") or [change.args.get("key")]
    return [str(key) for key in keys if key]


@dataclass(frozen=True)
class Planned:
    """One name of a draft. `replaces`: what is set under it now."""

    key: str
    line: int
    bytes: int
    note: str
    replaces: Secret | None
    required: bool


@dataclass(frozen=True)
class PreviewPage:
    """What a draft would set, and which lines of it are not taken."""

    project: Project
    draft: SecretDraft
    planned: tuple[Planned, ...]
    invalid: tuple[dict[str, Any], ...]
    still_missing: tuple[str, ...]
    never_read: bool

    @property
    def new(self) -> int:
        return sum(one.replaces is None for one in self.planned)

    @property
    def replaced(self) -> int:
        return len(self.planned) - self.new


def preview_page(draft: SecretDraft, membership: Membership) -> PreviewPage:
    """Compare a draft with what is set."""
    project = draft.project
    present = {secret.key: secret for secret in selectors.secrets_of(project)}
    required = {name for need in selectors.needs_of(project, membership) for name in need.names}
    planned = tuple(
        Planned(
            key=entry["key"],
            line=entry["line"],
            bytes=entry["bytes"],
            note=entry["note"],
            replaces=present.get(entry["key"]),
            required=entry["key"] in required,
        )
        for entry in draft.reading.get("entries", [])
    )
    return PreviewPage(
        project=project,
        draft=draft,
        planned=planned,
        invalid=tuple(draft.reading.get("invalid", [])),
        still_missing=tuple(sorted(required - set(present) - set(draft.keys))),
        never_read=project.secrets_at is None,
    )


def preview_url(draft: SecretDraft) -> str:
    """Return where a draft is looked at."""
    return f"{reverse('projects:secrets_preview', args=[draft.project_id])}?draft={draft.pk}"
