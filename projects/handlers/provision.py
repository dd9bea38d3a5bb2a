"""Makes a project at Run402 and keeps its keys (contract: apply 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from operations.models import Operation
from operations.reconciling import Outcome, did_not_happen, happened, still_unknown
from operations.registry import kind
from operations.work import Work
from projects import keys
from projects.handlers.lookup import unclaimed
from projects.handlers.subject import project_of
from projects.models import Project
from projects.selectors import PROVISION
from projects.states import UNKNOWN
from run402.errors import Run402Error
from run402.resources.projects import ProvisionedProject
from teams.permissions import Action


def tell_failed(operation: Operation) -> None:
    """Mark the project as not made, or as nobody knows, unless it is there after all."""
    unknown = operation.error.get("mutation_state") in ("unknown", "partial")
    waiting = Project.objects.filter(pk=str(operation.subject_id), state=Project.State.PROVISIONING)
    waiting.update(state=Project.State.FAILED, status=UNKNOWN if unknown else "")


def what_became_of_it(work: Work) -> Outcome:
    """Read whether the project is there. One whose keys were lost is not asked for again by itself."""
    project = project_of(work)
    if project.is_ready:
        return happened({"project_id": project.remote_id})
    with work.client() as client:
        there = unclaimed(client, project)
    if not there:
        return did_not_happen(_("Run402 lists no project of this name that the panel does not know."))
    said = _(
        "Run402 made %(ids)s, and its keys were lost on the way. The panel asks for no second one by itself."
    )
    return still_unknown(said % {"ids": ", ".join(there)}, final=True)


@kind(
    PROVISION,
    gettext_lazy("Make project"),
    action=Action.PROJECT_CREATE,
    on_end=tell_failed,
    reconcile=what_became_of_it,
    on_review=tell_failed,
)
def provision(work: Work) -> Mapping[str, Any]:
    """Ask for the project once; asked again, the gateway tells by the key that it is the same wish."""
    project = project_of(work)
    if project.is_ready:
        return {"project_id": project.remote_id}
    asked = bool(work.checkpoints.get("asked"))
    if not asked:
        work.stop_if_cancelled()
    # Run402 shows the service key once: a panel that could not keep it must not ask for it.
    seal = keys.sealer(project.pk)
    with work.client() as client:
        there = _from_before(client, project) if asked else ()
        work.phase("provision")
        work.checkpoint(asked=True)
        made = client.projects.provision(name=project.name, idempotency_key=f"panel-project-{project.pk}")
        keep(project, made, seal)
    work.checkpoint(remote_id=made.project_id)
    work.event(_("Made %(id)s. Its service key is sealed.") % {"id": made.project_id})
    if there and made.project_id not in there:
        work.event(
            _("An earlier try made %(ids)s as well. The panel has no keys for it.")
            % {"ids": ", ".join(there)}
        )
    return {"project_id": made.project_id}


def _from_before(client: run402.Client, project: Project) -> tuple[str, ...]:
    """Return what an earlier try, which may have arrived, left at Run402."""
    try:
        return unclaimed(client, project)
    except Run402Error as error:
        error.mutation_state = "unknown"  # this read changed nothing, the wish before it perhaps did
        raise


def keep(project: Project, made: ProvisionedProject, seal: Callable[[str], bytes]) -> None:
    """Seal and store the keys: the very next thing after the answer."""
    Project.objects.filter(pk=project.pk).update(
        service_key_sealed=seal(made.service_key),
        remote_id=made.project_id,
        anon_key=made.anon_key,
        schema_slot=(made.schema_slot or "")[:60],
        state=Project.State.READY,
        status="",
    )
