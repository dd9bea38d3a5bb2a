"""The page that asks who sits there (teams.stepup), and what follows it."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from audit.record import Subject, record
from teams import confirmations, limits, passkeys
from teams.access import personal
from teams.confirmations import Waiting
from teams.forms.confirm import CodeForm, PasskeyForm, PasswordForm
from teams.middleware import PersonRequest
from teams.models import User
from teams.selectors import Means, means_of


@dataclass(frozen=True)
class ConfirmPage:
    """What it is for, and the ways this person has; `options` is what the browser needs for a passkey."""

    waiting: Waiting
    password: forms.Form | None
    code: forms.Form | None
    passkey: forms.Form | None
    options: str


@never_cache
@sensitive_post_parameters("password", "code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
@personal
def confirm(request: PersonRequest) -> HttpResponse:
    """Ask for the password, a code or a passkey; then go on with what waits."""
    waiting = confirmations.find(request, request.GET.get("for", ""))
    if waiting is None:
        return render(request, "account/confirm_over.html", status=410)
    means = means_of(request.user)
    if not means.any and _signed_in_just_now(request):
        return _confirmed(request, waiting, "sign-in")
    if request.method != "POST":
        return _page(request, waiting, means, None)
    if seconds := limits.count(request, "confirm", str(request.user.pk)):
        return limits.too_many(request, seconds)
    how, form = _sent(request, means)
    if form is None or not form.is_valid():
        return _page(request, waiting, means, form)
    limits.succeeded(request, "confirm", str(request.user.pk))
    return _confirmed(request, waiting, how)


def _sent(request: PersonRequest, means: Means) -> tuple[str, forms.Form | None]:
    """Return the form that was sent, among those that this person has."""
    if means.password and "password" in request.POST:
        return "password", PasswordForm(request.POST, user=request.user)
    if means.code and "code" in request.POST:
        return "code", CodeForm(request.POST, user=request.user)
    if means.passkey and "credential" in request.POST:
        return "passkey", PasskeyForm(request.POST, user=request.user)
    return "", None


def _page(request: PersonRequest, waiting: Waiting, means: Means, sent: forms.Form | None) -> HttpResponse:
    user: User = request.user
    shown = ConfirmPage(
        waiting=waiting,
        password=_shown(means.password, PasswordForm, sent, user),
        code=_shown(means.code, CodeForm, sent, user),
        passkey=_shown(means.passkey, PasskeyForm, sent, user),
        options=passkeys.options_to_use(user) if means.passkey else "",
    )
    return render(request, "account/confirm.html", {"page": shown}, status=422 if sent else 200)


def _shown(
    has: bool, form: type[PasswordForm | CodeForm | PasskeyForm], sent: forms.Form | None, user: User
) -> forms.Form | None:
    if not has:
        return None
    return sent if isinstance(sent, form) else form(user=user)


def _confirmed(request: PersonRequest, waiting: Waiting, how: str) -> HttpResponse:
    """Note it and go on: to the page again, or by sending again what was sent."""
    confirmations.done(request, waiting)
    with transaction.atomic():
        record(
            "access.confirmed",
            team_id=request.team.pk if request.team else None,
            actor=request.user.actor,
            subject=Subject("user", str(request.user.pk), request.user.label),
            details={"key": waiting.key, "method": how},
        )
    if waiting.repeats:
        return render(request, "account/confirmed.html", {"waiting": waiting})
    return redirect(waiting.path)


def _signed_in_just_now(request: HttpRequest) -> bool:
    """Say whether the sign-in itself can count, for who has neither password nor factor and comes from an issuer."""
    row = getattr(request.session, "row", None)
    return row is not None and confirmations.is_fresh(row.created_at.timestamp())
