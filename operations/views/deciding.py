"""What people decide about an operation: cancel, and what becomes of one in review."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import Refusal
from core.http import go, safe_next
from operations import marking, queue, selectors
from operations.models import Operation, State
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, NotAllowed


@require_POST
@require(Action.VIEW)
def cancel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Cancel, for whoever may start the kind."""
    operation = selectors.operation_to_stop(request.membership, pk)
    try:
        state = queue.cancel(operation, actor=request.user)
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.info(request, _said(operation, state))
    return go(request, safe_next(request, reverse("operations:detail", args=[operation.pk])))


def _said(operation: Operation, state: State) -> str:
    if state == State.CANCELLED:
        return _("Cancelled.")
    if operation.is_final:
        return _("It had ended already.")
    return _("It stops before its next step. What is done already stays.")


@require_POST
@require(Action.VIEW)
def resume(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Have a worker go on with what is in review."""
    operation = selectors.operation_to_decide(request.membership, pk, marking.may_go_on)
    return _decided(request, operation, partial(marking.resume, operation=operation, actor=request.user))


@require_POST
@require(Action.VIEW)
def inspect(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Have a worker look what became of it; it changes nothing at Run402."""
    operation = selectors.operation_to_decide(request.membership, pk, marking.may_go_on)
    return _decided(request, operation, partial(marking.inspect, operation=operation, actor=request.user))


@require_POST
@require(Action.VIEW)
def mark(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End what is in review as done or as failed, with a note."""
    operation = selectors.operation_to_decide(request.membership, pk, marking.may_mark)
    outcome, note = request.POST.get("outcome"), request.POST.get("note", "")
    if outcome not in ("done", "failed"):
        return HttpResponseBadRequest(_("Choose done or failed."))
    done = outcome == "done"
    return _decided(
        request,
        operation,
        partial(marking.mark, operation=operation, actor=request.user, done=done, note=note),
    )


def _decided(request: PanelRequest, operation: Operation, decide: Callable[[], None]) -> HttpResponse:
    """Do it, or say why not; either way back to the page."""
    try:
        decide()
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    return go(request, safe_next(request, reverse("operations:detail", args=[operation.pk])))
