"""Changes to secrets: each decides, writes and puts the operation in line in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import NextStep, Refusal
from operations import queue
from operations.models import Operation
from projects import asking
from projects.models import Project
from projects.secrets import selectors
from projects.secrets.drafts import gone
from projects.secrets.models import Secret, SecretDraft
from projects.secrets.selectors import DELETE, SET, SYNC
from teams.models import User
from wallets import standing


@dataclass(frozen=True)
class SealedValues:
    """What a form leaves: values sealed for this draft, and what a preview tells of each of their names."""

    draft_id: UUID
    sealed: bytes
    reading: Mapping[str, Any]


def keep_draft(*, project: Project, actor: User, values: SealedValues) -> SecretDraft:
    """Keep sealed values for their preview, in the place of an earlier one. Raises Refusal where none can be set."""
    require_key(project)
    with transaction.atomic():
        SecretDraft.objects.filter(project=project, created_by=actor, operation=None).delete()
        return _kept(project, actor, values)


def _kept(project: Project, actor: User, values: SealedValues) -> SecretDraft:
    return SecretDraft.objects.create(
        id=values.draft_id,
        project=project,
        created_by=actor,
        values_sealed=values.sealed,
        reading=dict(values.reading),
    )


def set_drafted(*, draft: SecretDraft, actor: User, keys: Sequence[str]) -> Operation:
    """Have a worker set these names of a draft. Raises Refusal for none, and for a draft that is gone."""
    project = draft.project
    wanted = [key for key in draft.keys if key in set(keys)]
    if not wanted:
        raise Refusal("NOTHING_CHOSEN", _("Choose at least one secret to set."))
    require_key(project)
    with transaction.atomic():
        operation = queue.submit(
            asking.request(
                project,
                SET,
                _title(project, wanted),
                actor=actor,
                url=selectors.secrets_url(project),
                lane=project.lane,
                args={"draft": str(draft.pk), "keys": wanted},
            )
        )
        free = SecretDraft.objects.filter(pk=draft.pk, operation=None)
        if not free.update(operation=operation):
            raise gone(project)
    return operation


def set_one(*, project: Project, actor: User, values: SealedValues) -> Operation:
    """Have a worker set what a form sealed. Raises Refusal where none can be set."""
    with transaction.atomic():
        draft = _kept(project, actor, values)
        return set_drafted(draft=draft, actor=actor, keys=draft.keys)


def forget_draft(draft: SecretDraft) -> None:
    """Take a draft away with which nothing was begun."""
    SecretDraft.objects.filter(pk=draft.pk, operation=None).delete()


def delete_secret(*, project: Project, actor: User, key: str, typed: str) -> Operation:
    """Have a worker delete a secret whose name was typed. Raises Refusal for another name, and where it is not set."""
    require_key(project)
    if typed != key:
        raise Refusal("NAME_MISMATCH", _("Type exactly %(key)s to delete it.") % {"key": key}, field="typed")
    if not Secret.objects.filter(project=project, key=key).exists():
        step = NextStep("open_secrets", _("Look at the list"), selectors.secrets_url(project))
        raise Refusal("SECRET_NOT_SET", _("%(key)s is not set.") % {"key": key}, next_steps=[step])
    title = _("Delete %(key)s of %(project)s") % {"key": key, "project": project.name}
    return queue.submit(
        asking.request(
            project,
            DELETE,
            title,
            actor=actor,
            url=selectors.secrets_url(project),
            lane=project.lane,
            once=True,
            about=key,
            args={"key": key},
        )
    )


def refresh(*, project: Project, actor: User | None = None) -> Operation:
    """Have a worker read the names, once however many ask."""
    title = _("Read the secrets of %(project)s") % {"project": project.name}
    url = selectors.secrets_url(project)
    return queue.submit(asking.request(project, SYNC, title, actor=actor, url=url, once=True))


def refresh_if_stale(project: Project, sync: Operation | None) -> Operation | None:
    """Return the newest reading, after queuing one when the names are older than a minute.

    `sync` is the newest one, read before the project.
    """
    if not can_be_read(project) or not selectors.is_stale(project, sync):
        return sync
    return refresh(project=project) if standing.takes_background(project.gateway) else sync


def can_be_read(project: Project) -> bool:
    """Say whether the panel has what reading and setting take: a ready project and its service key."""
    return project.is_ready and bool(project.remote_id) and bool(project.service_key_sealed)


def require_key(project: Project) -> None:
    """Raise Refusal unless secrets of the project can be set from here."""
    if not can_be_read(project):
        raise Refusal(
            "SERVICE_KEY_MISSING",
            _(
                "The panel does not hold the service key of %(project)s, and Run402 asks for it. Import its keys from"
                " the CLI's file first."
            )
            % {"project": project.name},
            next_steps=[NextStep("adopt_project", _("Import its keys"), reverse("projects:adopt"))],
        )


def _title(project: Project, keys: Sequence[str]) -> str:
    if len(keys) == 1:
        return _("Set %(key)s of %(project)s") % {"key": keys[0], "project": project.name}
    said = ngettext("Set %(count)s secret of %(project)s", "Set %(count)s secrets of %(project)s", len(keys))
    return said % {"count": len(keys), "project": project.name}
