"""The service key of a project: sealed as soon as it is known, opened by workers only.

sealer(project.pk)      a function from the key to the bytes for `Project.service_key_sealed`
service_key(project)    the key itself, in a worker; keep it in a local variable and nowhere else
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from projects.models import Project
from wallets import vault


def key_context(project_id: UUID) -> vault.Context:
    """Return where a project's sealed service key belongs: its row and field."""
    return vault.Context("projects_project", str(project_id), "service_key")


def sealer(project_id: UUID) -> Callable[[str], bytes]:
    """Return what seals the key to the workers. Raises `vault.Locked` when nothing can be sealed."""
    seal = vault.sealer()
    return lambda key: seal(key.encode(), key_context(project_id))


def service_key(project: Project) -> str:
    """Return the key in clear. Raises Refusal when the panel has none, `vault.Locked` outside a worker."""
    if not project.service_key_sealed:
        raise Refusal(
            "SERVICE_KEY_MISSING",
            _("The panel does not hold the service key of %(project)s. Import it from the file of the CLI.")
            % {"project": project.name},
            next_steps=[NextStep("adopt_project", _("Import its keys"), "/projects/adopt")],
        )
    return vault.unseal_field(project, "service_key_sealed", key_context(project.pk)).decode()
