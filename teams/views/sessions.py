"""One's own sessions: the list, and ending them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.http import go
from teams.access import personal
from teams.middleware import PersonRequest
from teams.pages.sessions import sessions_page
from teams.services import sessions as services
from teams.sessions import SessionStore


@never_cache
@require_safe
@personal
def sessions(request: PersonRequest) -> HttpResponse:
    """Show every browser that is signed in."""
    page = sessions_page(request.user, _store(request).row, request.memberships)
    return render(request, "account/sessions.html", {"page": page})


@require_POST
@personal
def end(request: PersonRequest, pk: UUID) -> HttpResponse:
    """End one of them; ending this one is signing out."""
    row = _store(request).row
    if row and row.pk == pk:
        return redirect("account_logout")
    if not services.end_session(request.user, pk):
        raise Http404("no such session")
    messages.success(request, _("That browser is signed out."))
    return go(request, reverse("teams:sessions"))


@require_POST
@personal
def end_others(request: PersonRequest) -> HttpResponse:
    """End all but this one."""
    count = services.end_other_sessions(request.user, keep=request.session.session_key or "")
    words = ngettext(
        "%(count)d other browser is signed out.", "%(count)d other browsers are signed out.", count
    )
    messages.success(request, words % {"count": count})
    return go(request, reverse("teams:sessions"))


def _store(request: PersonRequest) -> SessionStore:
    assert isinstance(request.session, SessionStore)  # noqa: S101 - what SESSION_ENGINE says
    return request.session
