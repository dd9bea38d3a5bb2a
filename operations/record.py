"""The audit record as pages show it, and its export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audit import files, selectors
from audit.models import Event
from audit.record import Subject, record
from audit.selectors import EVERYTHING, Narrowing, Standing
from operations.entries import Entry, entries
from operations.pages import PER_PAGE, ListPage
from teams.models import Membership, Team, User
from teams.permissions import Action, allows, who_may
from teams.record import events_within

#: Entries on the page of the thing that they are about.
LATEST = 6
FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class RecordPage(ListPage):
    """The record: one page of entries, how far it is signed, and whether the member may take it along."""

    standing: Standing
    may_export: bool
    exporters: str
    export_url: str
    has_key: bool


@dataclass(frozen=True)
class RecordPanel:
    """The newest entries about one thing."""

    entries: tuple[Entry, ...]
    url: str
    has_more: bool


@dataclass(frozen=True)
class Export:
    """A file on its way out."""

    name: str
    content_type: str
    lines: Iterator[str]


def record_page(membership: Membership, narrowing: Narrowing, *, number: str, query: str) -> RecordPage:
    """Return one page of the record; `query` are the filters as the address has them."""
    team_id = membership.team_id
    found = selectors.events_of(team_id, narrowing, events_within(membership))
    rows = Paginator(found, PER_PAGE).get_page(number)
    export = reverse("operations:export")
    return RecordPage(
        tab="audit",
        rows=rows,
        entries=entries(rows),
        filtered=bool(narrowing),
        standing=selectors.standing_of(team_id),
        may_export=allows(membership.role, Action.AUDIT_EXPORT) and not membership.is_limited,
        exporters=who_may(Action.AUDIT_EXPORT),
        export_url=f"{export}?{query}" if narrowing else export,
        has_key=bool(settings.AUDIT_PUBLIC_KEYSET),
    )


def record_panel(membership: Membership, about: UUID) -> RecordPanel:
    """Return what the record says about one thing to a member, newest first."""
    narrowing = Narrowing(about=str(about))
    found = selectors.events_of(membership.team_id, narrowing, events_within(membership))
    told = entries(found[: LATEST + 1])
    query = urlencode({"tab": "audit", "about": str(about)})
    return RecordPanel(told[:LATEST], f"{reverse('operations:list')}?{query}", len(told) > LATEST)


def demand_whole(membership: Membership) -> None:
    """Raise PermissionDenied for a limited member: a file that can be verified has every entry in it."""
    if membership.is_limited:
        raise PermissionDenied(
            _(
                "The file holds the whole record, and you reach a part of it. %(roles)s without limits can export it."
            )
            % {"roles": who_may(Action.AUDIT_EXPORT)}
        )


def export(*, team: Team, actor: User, narrowing: Narrowing, form: str) -> Export:
    """Record the export, then return the file up to and with this very entry. `form` is one of FORMATS."""
    filters = {name: str(value) for name, value in vars(narrowing).items() if value}
    details = {"format": form, "filters": filters} if narrowing != EVERYTHING else {"format": form}
    with transaction.atomic():
        subject = Subject("audit", str(team.pk), team.name)
        last = record("audit.exported", team_id=team.pk, actor=actor.actor, subject=subject, details=details)
    name = f"audit-{slugify(team.name) or 'team'}-{timezone.now():%Y-%m-%d}.{form}"
    return Export(name, FORMATS[form], _lines(team, narrowing, last, form))


def _lines(team: Team, narrowing: Narrowing, last: Event, form: str) -> Iterator[str]:
    if form == "csv":
        return files.as_csv(team.pk, narrowing, last=last)
    return files.jsonl(team.pk, narrowing, last=last, public_keyset=settings.AUDIT_PUBLIC_KEYSET)
