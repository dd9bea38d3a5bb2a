"""Activity: the team's operations, the audit record, one operation as it goes, and its confirmation by a passkey."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.selectors import actors_of
from core.errors import Refusal
from core.http import STOP_POLLING, go, safe_next
from operations import approvals, consent, handing, marking, pages, queue, record, selectors, support
from operations.confirming import consent_page
from operations.forms import FilterForm, RecordForm
from operations.models import Operation, State
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action, NotAllowed, demand
from teams.record import events_within
from teams.stepup import step_up
from wallets import gateways


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the operations at the current gateway, or the team's audit record."""
    if request.GET.get("tab") == "audit":
        return _record(request)
    form = FilterForm(request.GET)
    state, kind, text = form.value("state"), form.value("kind"), form.value("q")
    reach, gateway = request.membership.reach, gateways.of(request)
    found = selectors.matching(reach, gateway, state=state, kind=kind, text=text)
    filtered = bool(state or kind or text)
    page = pages.operations_page(found, request.GET.get("page", ""), filtered=filtered)
    return render(request, "operations/list.html", {"page": page, "form": form})


def _record(request: PanelRequest) -> HttpResponse:
    demand(request.membership, Action.AUDIT_VIEW)
    form = _record_form(request)
    number, query = request.GET.get("page", ""), request.GET.urlencode()
    page = record.record_page(request.membership, form.narrowing(), number=number, query=query)
    return render(request, "operations/list.html", {"page": page, "form": form})


def _record_form(request: PanelRequest) -> RecordForm:
    return RecordForm(request.GET, actors=actors_of(request.team.pk, events_within(request.membership)))


@require_POST
@require(Action.AUDIT_EXPORT)
def export(request: PanelRequest) -> HttpResponseBase:
    """Send the record, narrowed like the page, as a file. A POST, because the export is an entry itself."""
    record.demand_whole(request.membership)
    form = request.POST.get("format", "")
    if form not in record.FORMATS:
        return HttpResponseBadRequest(_("Choose CSV or JSONL."))
    narrowing = _record_form(request).narrowing()
    file = record.export(team=request.team, actor=request.user, narrowing=narrowing, form=form)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(file.lines, content_type=file.content_type, headers=headers)


@require_safe
@require(Action.AUDIT_VIEW)
def about(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with what the record says about one operation."""
    operation = selectors.operation_for(request.membership, pk, Action.AUDIT_VIEW)
    page = record.record_panel(request.membership, operation.pk)
    return render(request, "operations/_record.html", {"page": page})


@require_safe
@require(Action.VIEW)
def detail(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show one operation: what it did, what it asked Run402, how it ended."""
    operation = selectors.operation_for(request.membership, pk)
    page = pages.detail_page(operation, request.membership, number=request.GET.get("page", ""))
    return render(request, "operations/detail.html", {"page": page})


@never_cache
@require_safe
@require(Action.VIEW)
def support_text(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the operation as plain text, to be copied into a request for help."""
    operation = selectors.operation_for(request.membership, pk)
    rows = selectors.requests_of(operation)
    newest = list(rows.reverse()[: support.MOST_REQUESTS])[::-1]
    text = support.support_text(operation, newest, rows.count())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@require(Action.VIEW)
def strip(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer the strip of any page; when the operation has ended, that page is loaded anew."""
    operation = selectors.operation_for(request.membership, pk)
    if operation.is_final:
        return _ended()
    return render(request, "operations/_strip.html", {"op": operation, "step": _number(request, "step")})


@require_safe
@require(Action.VIEW)
def events(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer with the events after `after`; when the operation has ended, its page is loaded anew."""
    operation = selectors.operation_for(request.membership, pk)
    if operation.is_final:
        return _ended()
    page = pages.events_page(operation, after=_number(request, "after"), step=_number(request, "step"))
    return render(request, "operations/detail.html#events", {"page": page})


@require_POST
@require(Action.VIEW)
def cancel(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Cancel, for whoever may start the kind."""
    operation = selectors.operation_to_stop(request.membership, pk)
    try:
        state = queue.cancel(operation, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.info(request, _said(operation, state))
    return go(request, safe_next(request, reverse("operations:detail", args=[operation.pk])))


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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.VIEW)
def confirm(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Show what will happen, and take the passkey's word for it. For who asked for it only."""
    operation = selectors.operation_for(request.membership, pk)
    consent.require_actor(operation, request.user)
    if request.method == "POST":
        return _given(request, operation)
    if not operation.awaits_consent:
        return go(request, reverse("operations:detail", args=[operation.pk]))
    return render(request, "operations/consent.html", {"page": consent_page(operation, request.membership)})


def _given(request: PanelRequest, operation: Operation) -> HttpResponse:
    """Keep the answer of the passkey. Script that stays on its page gets no page back."""
    stays = request.headers.get("X-Requested-With") == "panel"
    try:
        consent.give(operation, actor=request.user, assertion=consent.read(request.POST.get("assertion", "")))
    except Refusal as refusal:
        if stays:
            return JsonResponse({"error": refusal.fault.message}, status=409)
        messages.error(request, refusal.fault.message)
        return go(request, reverse("operations:detail", args=[operation.pk]))
    if stays:
        return HttpResponse(status=204)
    return go(request, operation.subject_url or reverse("operations:detail", args=[operation.pk]))


@never_cache
@require_POST
@require(Action.VIEW)
def sealed(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Hand out, once, what a worker sealed to the asker's browser; 202 while it is not there yet."""
    operation = selectors.operation_for(request.membership, pk)
    if operation.is_active:
        consent.require_actor(operation, request.user)
        return JsonResponse({"state": operation.state}, status=202)
    if operation.state != State.SUCCEEDED:
        consent.require_actor(operation, request.user)
        said = operation.error.get("message") or selectors.last_message(operation)
        return JsonResponse({"error": said}, status=409)
    try:
        return JsonResponse({"sealed": handing.take(operation, actor=request.user)})
    except Refusal as refusal:
        return JsonResponse({"error": refusal.fault.message}, status=410)


@require_POST
@require(Action.PAYMENT_APPROVE)
@step_up(lambda kwargs: f"operation.approve/{kwargs['pk']}", gettext_lazy("approve a payment"))
def approve(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Let go on what another member wants to pay."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    try:
        approvals.approve(operation=operation, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Approved. A worker goes on."))
    return go(request, reverse("operations:detail", args=[operation.pk]))


@require_POST
@require(Action.PAYMENT_APPROVE)
def decline(request: PanelRequest, pk: UUID) -> HttpResponse:
    """End what another member wants to pay."""
    operation = selectors.operation_for(request.membership, pk, Action.PAYMENT_APPROVE)
    try:
        approvals.decline(operation=operation, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
    else:
        messages.success(request, _("Declined. Nothing was paid."))
    return go(request, reverse("operations:detail", args=[operation.pk]))


def _said(operation: Operation, state: State) -> str:
    if state == State.CANCELLED:
        return _("Cancelled.")
    if operation.is_final:
        return _("It had ended already.")
    return _("It stops before its next step. What is done already stays.")


def _ended() -> HttpResponse:
    return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})


def _number(request: PanelRequest, name: str) -> int:
    """Return a whole number of the address; anything else counts as zero."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
