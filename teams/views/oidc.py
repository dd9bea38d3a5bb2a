"""To the issuer and back. Only who is here already is signed in: nobody gets an account by it."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

import structlog
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.http import safe_next
from teams import limits, oidc, selectors
from teams.access import public
from teams.oidc import Attempt, OidcError

log = structlog.get_logger(__name__)

SESSION_KEY = "oidc"


@never_cache
@require_safe
@public("signing in by the operator's issuer")
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the issuer. A link and no form: the CSP lets forms go nowhere else."""
    if not oidc.configured():
        raise Http404("no issuer")
    if seconds := limits.count(request, "oidc"):
        return limits.too_many(request, seconds)
    attempt = Attempt.fresh(safe_next(request, ""))
    try:
        url = oidc.address(attempt, _back())
    except OidcError as error:
        return _failed(request, error)
    request.session[SESSION_KEY] = asdict(attempt)
    return redirect(url)


@never_cache
@require_safe
@public("the way back from the operator's issuer: only with an attempt of this browser")
def back(request: HttpRequest) -> HttpResponse:
    """Take what the issuer sends back with the browser; sign in whoever has that e-mail here."""
    attempt = request.session.pop(SESSION_KEY, None)
    if not oidc.configured() or attempt is None:
        raise Http404("nothing was begun here")
    if seconds := limits.count(request, "oidc"):
        return limits.too_many(request, seconds)
    try:
        return _signed_in(request, Attempt(**attempt))
    except OidcError as error:
        return _failed(request, error)


def _signed_in(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    if refused := request.GET.get("error"):
        log.warning("oidc_refused", error=refused[:60])
        raise OidcError(_("%(name)s did not let you in. Try again there.") % {"name": oidc.name()})
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    email = oidc.verified_email(attempt, state, code, _back())
    user = selectors.by_email(email)
    if user is None:
        raise OidcError(
            _("Nobody here has the address %(email)s. An owner of your team can invite you.")
            % {"email": email}
        )
    record_authentication(request, user, "oidc")
    return cast(HttpResponse, perform_login(request, Login(user=user, redirect_url=attempt.next or None)))


def _failed(request: HttpRequest, error: OidcError) -> HttpResponse:
    messages.error(request, str(error))
    return redirect("account_login")


def _back() -> str:
    return f"{settings.PANEL_URL}{reverse('account_oidc_back')}"
