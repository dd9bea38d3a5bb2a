"""Values on their way: sealed in web before the form is done with them, opened by the worker that sends them, and gone
with the end of their operation, whatever that is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import NextStep, Refusal
from core.registry import Due, Retention, outcome_listeners, retentions
from operations.models import FINAL, Operation
from operations.work import Work
from projects.models import Project
from projects.secrets.models import SecretDraft
from projects.secrets.selectors import SET, secrets_url
from teams.models import User
from wallets import vault
from wallets.sealed import SealedColumn, sealed_columns

#: How long a preview waits for its person.
KEPT = timedelta(minutes=30)
BATCH = 100


def register() -> None:
    """Offer the sealed column, and what takes drafts away."""
    column = SealedColumn(
        "projects.SecretDraft", "values_sealed", contexts=lambda row: (values_context(row.pk),)
    )
    sealed_columns.add("projects.SecretDraft.values_sealed", column)
    outcome_listeners.add("secrets", forget_at_the_end)
    retentions.add("secret_drafts", Retention(gettext_lazy("Values of secrets on their way"), sweep, due))


def values_context(draft_id: UUID) -> vault.Context:
    """Return where a draft's values belong: its row and field."""
    return vault.Context("projects_secretdraft", str(draft_id), "values")


def seal(draft_id: UUID, values: Mapping[str, str]) -> bytes:
    """Seal the values to the workers. Raises `vault.Locked` without a usable public keyset."""
    return vault.seal(json.dumps(dict(values)).encode(), values_context(draft_id))


def opened(work: Work, project: Project) -> dict[str, str]:
    """Return the values of an operation in clear, in a worker. Raises Refusal when they are not there any more."""
    draft = SecretDraft.objects.filter(pk=str(work.args["draft"]), project=project).first()
    if draft is None:
        raise gone(project)
    text = vault.unseal_field(draft, "values_sealed", values_context(draft.pk))
    return {str(key): str(value) for key, value in json.loads(text).items()}


def gone(project: Project) -> Refusal:
    """Return the refusal of what was kept too long, or came back without its values."""
    return Refusal(
        "SECRET_VALUES_GONE",
        _("The values are not here any more: the panel keeps them until they are set, half an hour at most."),
        next_steps=[NextStep("set_again", _("Give them once more"), secrets_url(project))],
    )


def draft_of(project: Project, person: User, draft_id: UUID | None) -> SecretDraft | None:
    """Return a person's own draft that nothing was begun with; None when it is not there any more."""
    since = timezone.now() - KEPT
    own = SecretDraft.objects.filter(
        project=project, created_by=person, operation=None, created_at__gte=since
    )
    return own.filter(pk=draft_id).first() if draft_id else None


def forget_at_the_end(operation: Operation) -> None:
    """Take the values away with the end of their operation, in the same transaction (an outcome listener)."""
    if operation.kind == SET and operation.is_final:
        SecretDraft.objects.filter(operation=operation).delete()


def sweep() -> int:
    """Take a batch of drafts away that nobody went on with; return how many."""
    ids = list(_over().values_list("pk", flat=True)[:BATCH])
    SecretDraft.objects.filter(pk__in=ids).delete()
    return len(ids)


def due() -> Due:
    return Due(_over().count())


def _over() -> QuerySet[SecretDraft, Any]:
    old = Q(operation=None, created_at__lt=timezone.now() - KEPT)
    return SecretDraft.objects.filter(old | Q(operation__state__in=FINAL))
