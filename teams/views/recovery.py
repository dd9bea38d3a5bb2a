"""The way back for an owner, by a link that whoever runs the machine printed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.errors import Refusal
from teams.access import public
from teams.forms.own import RecoverForm
from teams.limits import limited
from teams.models import RecoveryLink
from teams.services import operators


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@public("the way back of an owner, whose link is the key")
@limited("recovery")
def recover(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a new password; a link that is over, used or made up gets one and the same 404."""
    link = operators.recovery_link(token)
    if link is None:
        raise Http404("no such link")
    form = RecoverForm(request.POST or None, user=link.user)
    if request.method == "POST" and form.is_valid():
        return _recovered(request, link, form.cleaned_data["password"])
    return render(request, "teams/recover.html", {"form": form, "person": link.user})


def _recovered(request: HttpRequest, link: RecoveryLink, password: str) -> HttpResponse:
    try:
        operators.recover(link=link, password=password)
    except Refusal:
        raise Http404("used meanwhile") from None
    messages.success(request, _("Your new password is set. Sign in with it, then set up a second factor."))
    return redirect("account_login")
