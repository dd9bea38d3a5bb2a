"""Looks at a project that was made elsewhere: whose one it is, and whether the keys open it. Nothing changes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from core.errors import NextStep, Refusal
from operations.models import Operation
from operations.registry import kind
from operations.work import Work
from projects.echoes import key_unrepeated
from projects.handlers.lookup import listed
from projects.handlers.subject import project_of
from projects.handlers.sync import as_listed
from projects.keys import service_key
from projects.models import Project
from projects.selectors import ADOPT
from run402.errors import NotFound, Unauthorized
from teams.permissions import Action

#: The category of a refusal that says the project's lease ended: the key was right.
LIFECYCLE = "lifecycle"


def tell_refused(operation: Operation) -> None:
    """Forget the keys of what could not be adopted; a project that was here before is as it was, its own key too."""
    here = bool(operation.args.get("keys_only"))
    rows = Project.objects.filter(pk=str(operation.subject_id), state=Project.State.ADOPTING)
    if not operation.args.get("had_service_key"):
        rows.update(service_key_sealed=b"")
    rows.update(
        state=Project.State.READY if here else Project.State.FAILED,
        anon_key=operation.args.get("anon_before", "") if here else "",
    )


@kind(
    ADOPT,
    gettext_lazy("Adopt project"),
    action=Action.PROJECT_CREATE,
    mutates=False,
    on_end=tell_refused,
)
def adopt(work: Work) -> Mapping[str, Any]:
    """Ask Run402 for the wallet's projects, then let each key open what it should."""
    project = project_of(work)
    if project.state != Project.State.ADOPTING:
        return {"project_id": project.remote_id}
    work.phase("check")
    with work.client() as client:
        mine = listed(client, project)
        if mine is None:
            raise _not_theirs(project)
        work.stop_if_cancelled()
        _check_service_key(client, project)
        _check_anon_key(client, project)
    name = mine.name.strip()[: Project._meta.get_field("name").max_length] or project.remote_id
    Project.objects.filter(pk=project.pk, state=Project.State.ADOPTING).update(
        state=Project.State.READY, name=name, **as_listed(mine)
    )
    work.event(_("%(wallet)s has it, as %(name)s.") % {"wallet": project.wallet.label, "name": name})
    return {"project_id": project.remote_id}


def _not_theirs(project: Project) -> Refusal:
    words = {"wallet": project.wallet.label, "id": project.remote_id, "gateway": project.gateway.name}
    return Refusal(
        "NOT_THIS_WALLETS",
        _("%(wallet)s has no project %(id)s at %(gateway)s.") % words,
        hint=_("Adopt it with the wallet that made it. One that was deleted there cannot be adopted."),
        next_steps=[_again(_("Choose another wallet"))],
    )


def _check_service_key(client: run402.Client, project: Project) -> None:
    if project.service_key_sealed:
        key = service_key(project)
        with key_unrepeated(key):
            _check("service_key", project, lambda: client.projects.usage(project.remote_id, service_key=key))


def _check_anon_key(client: run402.Client, project: Project) -> None:
    if not project.anon_key:
        return
    live = _check(
        "anon_key", project, lambda: client.releases.active(anon_key=project.anon_key, site_limit=1)
    )
    if live is not None and live.project_id not in (None, project.remote_id):
        raise _wrong_key("anon_key", project)


def _check(name: str, project: Project, read: Callable[[], Any]) -> Any:
    """Return what was read. Raises Refusal when the key does not open it."""
    try:
        return read()
    except (Unauthorized, NotFound) as error:
        if error.category == LIFECYCLE:
            return None
        raise _wrong_key(name, project) from None


def _wrong_key(name: str, project: Project) -> Refusal:
    said = _("The %(name)s in the file does not open %(id)s.") % {"name": name, "id": project.remote_id}
    return Refusal(
        "KEY_OF_ANOTHER_PROJECT",
        said,
        hint=_("“run402 projects keys %(id)s” prints the right ones.") % {"id": project.remote_id},
        next_steps=[_again(_("Choose another file"))],
    )


def _again(label: str) -> NextStep:
    return NextStep("adopt_project", label, reverse("projects:adopt"))
