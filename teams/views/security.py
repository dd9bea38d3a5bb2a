"""One's own second factors: passkeys, authenticator app, recovery codes. Changing them asks who sits there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refusal
from teams import confirmations, passkeys, qr
from teams.access import personal
from teams.forms.security import AppForm, NameForm, NewPasskeyForm
from teams.middleware import PersonRequest
from teams.pages.security import security_page
from teams.services import factors
from teams.stepup import step_up

CODES_KEY = "security.codes"


@never_cache
@require_safe
@personal
def security(request: PersonRequest) -> HttpResponse:
    """Show password, factors and what one's teams require."""
    return render(request, "account/security.html", {"page": security_page(request.user)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@personal
@step_up("security.passkey.add", gettext_lazy("add a passkey"))
def add_passkey(request: PersonRequest) -> HttpResponse:
    """Ask the browser for a passkey and keep it."""
    if not passkeys.offered():
        raise Http404("no passkeys without a secure context")
    form = NewPasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = factors.add_passkey(request.user, form.cleaned_data["name"], form.answer)
        return _added(request, made, _("The passkey is added. From now on it is asked for at sign-in."))
    context = {"form": form, "options": passkeys.options_to_add(request.user)}
    return render(request, "account/passkey_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def rename_passkey(request: PersonRequest, pk: int) -> HttpResponse:
    """Give a passkey another name."""
    row = _own(request, pk, Authenticator.Type.WEBAUTHN)
    form = NameForm(request.POST or None, initial={"name": row.wrap().name})
    if request.method == "POST" and form.is_valid():
        factors.rename_passkey(request.user, row, form.cleaned_data["name"])
        messages.success(request, _("Renamed."))
        return redirect("teams:security")
    return render(request, "account/passkey_rename.html", {"form": form}, status=422 if form.errors else 200)


def _removal(request: PersonRequest, kwargs: Mapping[str, Any]) -> str:
    row = _own(request, kwargs["pk"])
    if row.type == Authenticator.Type.WEBAUTHN:
        return _("remove the passkey “%(name)s”") % {"name": row.wrap().name}
    return _("remove the authenticator app")


@require_http_methods(["GET", "HEAD", "POST"])
@personal
@step_up(lambda kwargs: f"security.factor.remove/{kwargs['pk']}", _removal)
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask once more, then remove a passkey or the app."""
    row, refused = _own(request, pk), ""
    if request.method == "POST":
        try:
            factors.remove_factor(request.user, row)
        except Refusal as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _("Removed. It opens nothing here any more."))
            return redirect("teams:security")
    context = {"what": _removal(request, {"pk": pk}), "refused": refused}
    return render(request, "account/factor_remove.html", context, status=422 if refused else 200)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@personal
@step_up("security.app.add", gettext_lazy("set up an authenticator app"))
def add_app(request: PersonRequest) -> HttpResponse:
    """Show the seed as a picture and as text; keep it once the app has shown that it has it."""
    secret = totp.get_totp_secret(regenerate=request.method != "POST")
    form = AppForm(request.POST or None, secret=secret)
    if request.method == "POST" and form.is_valid():
        made = factors.add_app(request.user, secret)
        totp.clear_totp_secret(request)
        return _added(request, made, _("The authenticator app is set up. From now on its code is asked for."))
    context = {"form": form, "secret": secret, "qr": qr.of_app(request.user, secret)}
    return render(request, "account/app_new.html", context, status=422 if form.errors else 200)


@never_cache
@require_safe
@personal
@step_up(CODES_KEY, gettext_lazy("see your new recovery codes"))
def codes(request: PersonRequest) -> HttpResponse:
    """Show the recovery codes, once."""
    return render(request, "account/codes.html", {"codes": factors.show_recovery_codes(request.user)})


@require_POST
@personal
@step_up("security.codes.renew", gettext_lazy("make new recovery codes"))
def renew_codes(request: PersonRequest) -> HttpResponse:
    """Make new recovery codes and lead to where they are shown."""
    try:
        factors.renew_recovery_codes(request.user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("teams:security")
    confirmations.note(request, CODES_KEY)
    return redirect("teams:codes")


def _added(request: PersonRequest, codes_made: bool, words: str) -> HttpResponse:
    """Say that it is done; new recovery codes are shown at once, by the confirmation that was just given."""
    messages.success(request, words)
    if not codes_made:
        return redirect("teams:security")
    confirmations.note(request, CODES_KEY)
    return redirect("teams:codes")


def _own(request: PersonRequest, pk: int, *types: str) -> Authenticator:
    """Return one of the person's own factors; recovery codes are not removed by themselves."""
    allowed = types or (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)
    return get_object_or_404(Authenticator, pk=pk, user=request.user, type__in=allowed)
