"""Whom the team pays: the list, and the way to confirm another address."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing import payees as services
from billing.pages.payees import payees_page
from core.errors import Refusal
from core.http import go
from operations import consent
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List the gateways with the addresses that are paid there."""
    return render(request, "billing/payees.html", {"page": payees_page(request.membership)})


@require_POST
@require(Action.TEAM_RULES)
def confirm(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Lead to the page on which a passkey confirms the other address."""
    payee = services.payee_or_404(request.team, pk)
    try:
        operation = services.confirm(payee=payee, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.fault.message)
        return go(request, reverse("billing:payees"))
    return go(request, consent.url(operation))
