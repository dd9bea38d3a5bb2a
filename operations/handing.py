"""Results that one browser tab may have, once: a worker sealed them to that tab's own key (`wallets.reveal`)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Refusal
from operations.models import Operation
from teams.models import User

#: The key of a result under which a handler leaves what it sealed.
SEALED = "sealed"


def take(operation: Operation, *, actor: User) -> str:
    """Return the sealed result and forget it, for who asked for it. Raises Refusal when it is gone."""
    if operation.actor_id != actor.pk:
        raise PermissionDenied(
            _("Only %(who)s, who asked for this, gets it.") % {"who": operation.actor_label}
        )
    with transaction.atomic():
        row = Operation.objects.select_for_update().get(pk=operation.pk)
        sealed = row.result.get(SEALED)
        if not sealed or row.result_until is None or row.result_until < timezone.now():
            raise Refusal(
                "RESULT_GONE", _("This was fetched already, or lay here for too long. Start again to see it.")
            )
        Operation.objects.filter(pk=row.pk).update(result={}, result_until=None)
    return str(sealed)


def empty() -> int:
    """Empty the results whose time is over; return how many."""
    passing = Operation.objects.filter(result_until__isnull=False, result_until__lt=timezone.now())
    ids = list(passing.values_list("pk", flat=True)[:500])
    if not ids:
        return 0
    return Operation.objects.filter(pk__in=ids).update(result={}, result_until=None)
