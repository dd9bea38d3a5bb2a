"""Exporting a wallet's key: explain, take the browser's one-time key, show what the passkey has to confirm."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import custody
from core.errors import Refusal
from operations.confirming import consent_page
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action
from wallets.selectors import wallet_for


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@require(Action.WALLET_EXPORT)
def export(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Answer a browser's key with the statement to confirm: a fragment, since only this tab can open the answer."""
    wallet = wallet_for(request.membership, pk, Action.WALLET_EXPORT)
    if request.method != "POST":
        return render(request, "billing/wallet_export.html", {"page": wallet})
    try:
        operation = custody.export_wallet(
            wallet=wallet, actor=request.user, reader=request.POST.get("reader", "")
        )
    except Refusal as refusal:
        return JsonResponse({"error": refusal.fault.message}, status=409)
    page = consent_page(operation, request.membership, in_tab=True)
    context = {"page": page, "operation": operation, "what": custody.EXPORT}
    return render(request, "billing/_export_asked.html", context)
