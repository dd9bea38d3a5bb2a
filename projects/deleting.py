"""The end of a project: what goes with it, having it deleted at Run402, and taking what never was off the list."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.record import Subject, record
from core.errors import NextStep, Refusal
from core.registry import Belonging, belongings, project_endings
from core.ui import figures
from operations import queue
from operations.models import Operation
from projects import asking, selectors
from projects.models import Project, Secret
from projects.states import UNKNOWN
from teams.models import User
from teams.permissions import Action, NotAllowed, still_allowed

MOST_NAMED = 5


@dataclass(frozen=True)
class Going:
    """What a deletion takes away, as far as the panel has read it, and what is under way meanwhile."""

    belongings: tuple[Belonging, ...]
    under_way: int
    only_listed: bool


def going_of(project: Project) -> Going:
    """Return what goes; for what is not at Run402 that is the row alone."""
    only_listed = project.is_only_listed
    found = (
        [] if only_listed else [*_own(project), *(one for source in belongings for one in source(project))]
    )
    return Going(tuple(found), selectors.active_of(project).count(), only_listed)


def named(names: list[str]) -> str:
    """Return some names, and how many more there are."""
    shown, more = names[:MOST_NAMED], len(names) - MOST_NAMED
    listed = ", ".join(shown)
    return _("%(names)s and %(more)s more") % {"names": listed, "more": more} if more > 0 else listed


def _own(project: Project) -> list[Belonging]:
    found = [Belonging("database", _("The database"), _("every table, row and user of it"))]
    if project.subdomains:
        label = ngettext("%(count)s address", "%(count)s addresses", len(project.subdomains))
        found.append(
            Belonging("globe", label % {"count": len(project.subdomains)}, named(project.subdomains))
        )
    if project.storage_bytes:
        found.append(Belonging("hard-drive", _("Storage"), figures.size(project.storage_bytes)))
    if secrets := list(Secret.objects.filter(project=project).values_list("key", flat=True)):
        label = ngettext("%(count)s secret", "%(count)s secrets", len(secrets))
        found.append(Belonging("lock", label % {"count": len(secrets)}, named(secrets)))
    return found


def delete(*, project: Project, actor: User, typed: str) -> Operation:
    """Have a worker delete it. Raises Refusal for another name, and without the key that Run402 asks for."""
    _check_name(project, typed)
    if not project.is_ready:
        raise Refusal(
            "PROJECT_NOT_READY", _("This project is being made or adopted. Delete it when that has ended.")
        )
    if not project.service_key_sealed:
        raise Refusal(
            "SERVICE_KEY_MISSING",
            _("Run402 deletes a project for its service key only, and the panel does not hold this one's."),
            next_steps=[NextStep("adopt_project", _("Import its keys"), reverse("projects:adopt"))],
        )
    title = _("Delete project %(name)s") % {"name": project.name}
    return queue.submit(
        asking.request(project, selectors.DELETE, title, actor=actor, lane=project.lane, once=True)
    )


def forget(*, project: Project, actor: User, typed: str) -> None:
    """Take a project that was not made, not adopted, or is gone and has no key off the list.

    Raises Refusal while nobody knows that.
    """
    if not still_allowed(
        actor, project.team, Action.PROJECT_DELETE, project_id=project.pk, wallet_id=project.wallet_id
    ):
        raise NotAllowed
    _check_name(project, typed)
    with transaction.atomic():
        row = Project.objects.select_for_update().get(pk=project.pk)
        if not row.is_only_listed or row.status == UNKNOWN:
            raise Refusal(
                "PROJECT_IN_DOUBT", _("Nobody knows yet whether Run402 made this project. Look it up first.")
            )
        # Without its id, which is free to be adopted with another wallet.
        mark_deleted(row, remote_id="")
        subject = Subject("project", str(project.pk), project.name)
        details = {"project": str(project.pk), "wallet": str(project.wallet_id)}
        record(
            "project.forgotten", team_id=project.team_id, actor=actor.actor, subject=subject, details=details
        )


@transaction.atomic
def mark_deleted(project: Project, **fields: str) -> None:
    """Keep name, id and history; forget the keys, the names of secrets and what was served."""
    Secret.objects.filter(project=project).delete()
    Project.objects.filter(pk=project.pk).update(
        state=Project.State.DELETED,
        deleted_at=timezone.now(),
        service_key_sealed=b"",
        anon_key="",
        subdomains=[],
        live_url="",
        live_release="",
        live_generation=None,
        **fields,
    )
    for end in project_endings:
        end(project)


def _check_name(project: Project, typed: str) -> None:
    if typed.strip() != project.name.strip():
        raise Refusal("NAME_DIFFERS", _("This is not the name of the project."), field="name")
