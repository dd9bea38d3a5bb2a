"""The confirmation of an operation by a passkey, and what a worker sealed to the browser that asked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refusal
from core.http import go
from operations import approvals, consent, handing, selectors
from operations.confirming import consent_page
from operations.models import Approval, Operation, State
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


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
        waits = operation.state == State.WAITING and not operation.awaits_consent
        said = selectors.last_message(operation) if waits else ""
        words = approvals.words_of(operation) if waits else ()
        return JsonResponse({"state": operation.state, "waits": said, "words": words}, status=202)
    if operation.state != State.SUCCEEDED:
        consent.require_actor(operation, request.user)
        return JsonResponse({"error": _ended(operation)}, status=409)
    try:
        return JsonResponse({"sealed": handing.take(operation, actor=request.user)})
    except Refusal as refusal:
        return JsonResponse({"error": refusal.fault.message}, status=410)


def _ended(operation: Operation) -> str:
    """Return why nothing was sealed: the reason of whoever declined, or what the operation said last."""
    found = approvals.request_of(operation)
    if found is not None and found.state == Approval.State.DECLINED:
        return approvals.declined(found)
    return str(operation.error.get("message") or selectors.last_message(operation))
