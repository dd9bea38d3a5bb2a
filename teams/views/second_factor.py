"""The second step of signing in, and signing in with a passkey alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import Login
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal import flows
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.http import safe_next
from teams import limits, passkeys
from teams.access import public
from teams.forms.confirm import CodeForm, PasskeyForm
from teams.models import User
from teams.selectors import means_of


@dataclass(frozen=True)
class SecondPage:
    """The ways this person has; `options` is what the browser needs for a passkey."""

    code: forms.Form | None
    passkey: forms.Form | None
    options: str


@public("the second step of signing in: only with a first step that holds, in the same browser")
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login")  # type: ignore[untyped-decorator]
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for a code or a passkey of whoever gave the password."""
    stage = cast(Any, request)._login_stage  # noqa: SLF001 - where allauth puts it
    user: User = stage.login.user
    if request.method != "POST":
        return _page(request, user, None)
    if seconds := limits.count(request, "second_factor", str(user.pk)):
        return limits.too_many(request, seconds)
    form = (
        PasskeyForm(request.POST, user=user)
        if "credential" in request.POST
        else CodeForm(request.POST, user=user)
    )
    if not form.is_valid():
        _tell_failed(request, user, form)
        return _page(request, user, form)
    limits.succeeded(request, "second_factor", str(user.pk))
    record_authentication(request, user, "mfa", id=form.factor.pk, type=form.factor.type)
    return cast(HttpResponse, stage.exit())


def _page(request: HttpRequest, user: User, sent: forms.Form | None) -> HttpResponse:
    means = means_of(user)
    code = sent if isinstance(sent, CodeForm) else CodeForm(user=user)
    passkey = sent if isinstance(sent, PasskeyForm) else PasskeyForm(user=user)
    shown = SecondPage(
        code=code if means.code else None,
        passkey=passkey if means.passkey else None,
        options=passkeys.options_to_use(user) if means.passkey else "",
    )
    return render(request, "account/second_factor.html", {"page": shown}, status=422 if sent else 200)


def _tell_failed(request: HttpRequest, user: User, form: forms.Form) -> None:
    """Let whoever records it know; the factor is the one that was tried."""
    kinds = ["webauthn"] if isinstance(form, PasskeyForm) else ["totp", "recovery_codes"]
    tried = Authenticator.objects.filter(user=user, type__in=kinds).order_by("-type").first()
    if tried:
        signals.authentication_failed.send(
            sender=Authenticator, request=request, user=user, authenticator=tried, reauthentication=False
        )


@never_cache
@public("signing in with a passkey")
@sensitive_post_parameters("credential")
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """GET: what the browser needs for any passkey of this panel. POST: its answer, which signs in."""
    if not passkeys.offered():
        raise Http404("no passkeys without a secure context")
    if seconds := limits.count(request, "passkey"):
        return limits.too_many(request, seconds)
    if request.method != "POST":
        return HttpResponse(passkeys.options_to_use(), content_type="application/json")
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        for error in form.errors.get("credential", []):
            messages.error(request, str(error))
        return redirect("account_login")
    limits.succeeded(request, "passkey")
    login = Login(user=form.factor.user, redirect_url=safe_next(request, ""))
    return cast(HttpResponse, flows.perform_passwordless_login(request, form.factor, login))
