"""Setting, deleting and reading secrets. Only here is a value ever in the clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from core.errors import Refusal
from operations import registry
from operations.decisions import NOTHING
from operations.reconciling import Outcome, did_not_happen, happened, resumes
from operations.registry import kind
from operations.work import CancelHonoured, Work
from projects.echoes import key_unrepeated, unrepeated
from projects.handlers.subject import project_of
from projects.keys import service_key
from projects.models import Project
from projects.secrets import drafts, mirror
from projects.secrets.selectors import DELETE, SET, SYNC, changed_since
from run402 import names
from run402.errors import NotFound, Run402Error
from teams.permissions import Action


def set_again(work: Work) -> Outcome:
    """Say that the handler goes on: setting a name to the very same value again changes nothing (contract: apply 6)."""
    return resumes(_("Setting a secret again to the same value changes nothing more, so it goes on."))


@kind(SET, gettext_lazy("Set secrets"), action=Action.SECRETS_SET, reconcile=set_again)
def set_secrets(work: Work) -> Mapping[str, Any]:
    """Set one name after another, each noted before the next; what was set before a worker died is not set again."""
    project = project_of(work)
    keys = [str(key) for key in work.args["keys"]]
    done = [str(key) for key in work.checkpoints.get("done", [])]
    if left := [key for key in keys if key not in done]:
        try:
            _set_all(work, project, left, done=done, total=len(keys))
        except (Run402Error, CancelHonoured, Refusal) as error:
            _tell(work, keys, done)
            _speak_of_last_alone(error, done)
            raise
    return {"set": len(keys)}


def _set_all(work: Work, project: Project, left: Sequence[str], *, done: list[str], total: int) -> None:
    values, key = _checked(drafts.opened(work, project), left), service_key(project)
    with work.client(sign=False) as client:
        for name in left:
            _set(work, client, project, name, values[name], key=key, done=done, total=total)
        _read_back(client, project, key)


def _checked(values: Mapping[str, str], keys: Sequence[str]) -> Mapping[str, str]:
    """Return the values, after another look at what web let through. Raises Refusal, without repeating a value."""
    try:
        for key in keys:
            names.secret(key)
            names.secret_value(values[key])
    except (ValueError, KeyError) as error:
        why = str(error) if isinstance(error, ValueError) else _("One of the names has no value.")
        raise Refusal("SECRET_INVALID", why) from None
    return values


def _set(
    work: Work,
    client: run402.Client,
    project: Project,
    name: str,
    value: str,
    *,
    key: str,
    done: list[str],
    total: int,
) -> None:
    work.stop_if_cancelled()
    work.phase("set", done=len(done), total=total)
    said = _("Run402 refused %(name)s and repeated its value; its words were not kept.") % {"name": name}
    with unrepeated(said, value), key_unrepeated(key):
        client.secrets.set(project.remote_id, name, value, service_key=key)
    done.append(name)
    with transaction.atomic():
        work.checkpoint(done=done)
        mirror.note_set(project, name)


def _tell(work: Work, keys: Sequence[str], done: Sequence[str]) -> None:
    """Say how far it came, by name: the rest has to be given once more."""
    left = [key for key in keys if key not in done]
    if done and left:
        said = _("%(count)s of %(total)s were set. Not set: %(left)s.")
        work.event(said % {"count": len(done), "total": len(keys), "left": ", ".join(left)}, "warning")


def _speak_of_last_alone(error: Exception, done: Sequence[str]) -> None:
    """Have the error not say that nothing has changed: that is true of the name it is about, not of those before it."""
    if done and isinstance(error, Run402Error) and error.mutation_state in NOTHING:
        error.mutation_state = ""


def _read_back(client: run402.Client, project: Project, key: str) -> None:
    """Read the list for its times. All is set by then, so a failure only leaves them to the next reading."""
    try:
        _read(client, project, key)
    except Run402Error:
        return


def is_gone(work: Work) -> Outcome:
    """Look whether the name is still there."""
    project = project_of(work)
    with work.client(sign=False) as client:
        there = _read(client, project, service_key(project))
    if str(work.args["key"]) in there:
        return did_not_happen(_("Run402 still lists it."))
    return happened({"deleted": work.args["key"]}, _("Run402 does not list it any more."))


@kind(DELETE, gettext_lazy("Delete a secret"), action=Action.SECRETS_SET, reconcile=is_gone)
def delete_secret(work: Work) -> Mapping[str, Any]:
    """Delete it; one that somebody else deleted meanwhile is as gone."""
    project, name = project_of(work), str(work.args["key"])
    key = service_key(project)
    with work.client(sign=False) as client:
        work.stop_if_cancelled()
        try:
            with key_unrepeated(key):
                client.secrets.delete(project.remote_id, name, service_key=key)
        except NotFound:
            if name in _read(client, project, key):
                raise
            work.event(_("It was gone already."))
        mirror.note_deleted(project, name)
        _read_back(client, project, key)
    return {"deleted": name}


@kind(
    SYNC,
    gettext_lazy("Read secrets"),
    action=Action.PROJECT_SYNC,
    queue=registry.SYNC,
    mutates=False,
    audited=False,
)
def sync(work: Work) -> Mapping[str, Any]:
    """Mirror the names. A list that a change may have overtaken is dropped: the change reads its own."""
    project, started = project_of(work), timezone.now()
    key = service_key(project)
    with work.client(sign=False) as client, key_unrepeated(key):
        listed = client.secrets.list(project.remote_id, service_key=key)
    with transaction.atomic():
        if changed_since(project, started):
            return {"dropped": True}
        mirror.write(project, listed, started)
    return {"secrets": len(listed)}


def _read(client: run402.Client, project: Project, key: str) -> set[str]:
    """Read and mirror the list; return its names."""
    started = timezone.now()
    with key_unrepeated(key):
        listed = client.secrets.list(project.remote_id, service_key=key)
    with transaction.atomic():
        mirror.write(project, listed, started)
    return {secret.key for secret in listed}
