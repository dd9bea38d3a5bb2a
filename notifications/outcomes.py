"""Which ends and pauses of operations people are told of."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.happenings import Happening
from core.prepared import Param, Prepared
from notifications import telling
from notifications.models import Notice
from operations import approvals, decisions
from operations.live import decide_url
from operations.models import Operation, Reason, State
from operations.registry import DEPLOYS, kinds

#: What an operation waited for is no news any more once it has gone on.
WAITS = ("operation.waiting", "approval.needed")


def on_outcome(operation: Operation) -> None:
    """Tell of an operation that rests now; called by the engine within the transaction that writes the rest.

    Of a confirmation nobody is told here: whoever asked looks at it right now. `watch` tells who went away.
    """
    _WAITS.update({"read_at": timezone.now()}, operation=str(operation.pk))
    if operation.state == State.WAITING and operation.reason == Reason.CONFIRMATION:
        return
    if happening := of(operation):
        telling.tell(happening)


_WAITS = Prepared(lambda: Notice.objects.filter(object_id=Param("operation"), event__in=WAITS, read_at=None))


def of(operation: Operation) -> Happening | None:
    """Return what there is to tell of an operation, if anything."""
    if not operation.actor_id or not _is_for_people(operation):
        return None
    return _happening(operation)


def _is_for_people(operation: Operation) -> bool:
    """Refreshes, which leave no trace in the record either, are nobody's business."""
    return operation.kind not in kinds or kinds.get(operation.kind).audited


def _happening(operation: Operation) -> Happening | None:
    if approvals.is_waiting(operation):
        deciders = frozenset(user.pk for user in approvals.deciders(operation))
        request = approvals.request_of(operation)
        if request and request.due_at:
            text = _("Nobody else can approve it: it goes on at %(when)s UTC unless you stop it.")
            text %= {"when": request.due_at.strftime("%H:%M")}
            return _of(operation, "approval.needed", _("Waits for an hour"), text)
        text = _("%(who)s asks; a second person has to approve.") % {"who": operation.actor_label}
        return _of(operation, "approval.needed", _("Waits for approval"), text, deciders)
    if operation.state == State.WAITING:
        text = _("Waits for %(what)s.") % {"what": operation.get_reason_display()}
        if decisions.is_in_review(operation):
            text = _("Nobody knows whether it happened. Look, then say what becomes of it.")
        return _of(operation, "operation.waiting", _("Waits"), text)
    if operation.state == State.FAILED:
        code, message = str(operation.error.get("code") or ""), str(operation.error.get("message") or "")
        text = _("It failed (%(code)s).") % {"code": code}
        return _of(operation, "operation.failed", _("Failed"), text, detail=message)
    if operation.state == State.SUCCEEDED and operation.queue == DEPLOYS:
        return _of(operation, "deploy.live", _("Live"), _("It is live."))
    return None


def _of(
    operation: Operation,
    event: str,
    word: str,
    text: str,
    people: frozenset[UUID] | None = None,
    detail: str = "",
) -> Happening:
    """Return what happened. The fence counts the attempts, so each of them can be told once."""
    asker = frozenset({operation.actor_id} if operation.actor_id else ())
    return Happening(
        event,
        object_id=str(operation.pk),
        occurrence=str(operation.fence),
        title=f"{word}: {operation.title}",
        text=text,
        detail=detail,
        url=decide_url(operation)
        or operation.subject_url
        or reverse("operations:detail", args=[operation.pk]),
        team_id=operation.team_id,
        project_id=operation.project_id,
        wallet_id=operation.wallet_id,
        people=asker if people is None else people,
    )
