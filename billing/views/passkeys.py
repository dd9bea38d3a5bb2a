"""Passkeys that may confirm in the team: who has which, from when; let mine in; refuse one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing import passkeys as services
from billing.pages.passkeys import passkeys_page
from core.http import go, safe_next
from teams.access import require
from teams.middleware import PanelRequest
from teams.permissions import Action


@require_safe
@require(Action.VIEW)
def index(request: PanelRequest) -> HttpResponse:
    """List them."""
    return render(request, "billing/passkeys.html", {"page": passkeys_page(request.membership)})


@require_POST
@require(Action.VIEW)
def trust(request: PanelRequest) -> HttpResponse:
    """Ask the worker to let the member's own passkeys in."""
    asked = services.ask_all(membership=request.membership)
    if asked:
        messages.info(request, _("A worker lets your passkey in. This page says from when it may confirm."))
    else:
        messages.info(request, _("There is no passkey of yours to let in. Add one to your account first."))
    return go(request, reverse("billing:passkeys"))


@require_POST
@require(Action.VIEW)
def refuse(request: PanelRequest, pk: UUID) -> HttpResponse:
    """Take away that a passkey may confirm: one's own, or anybody's for an owner."""
    passkey = services.passkey_or_404(request.team, pk)
    services.refuse(passkey=passkey, membership=request.membership)
    messages.info(request, _("“%(name)s” may not confirm any more.") % {"name": passkey.name})
    return go(request, safe_next(request, reverse("billing:passkeys")))
