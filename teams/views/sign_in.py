"""Signing in: allauth's page with the panel's limits, which answer 429."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from teams import limits, oidc, passkeys
from teams.signed_in import IDLE, OLD, OVER

ENDED = {
    OVER: _("Your session has ended. Sign in again to go on."),
    IDLE: _("Nobody did anything here for a while, so you were signed out. Sign in again to go on."),
    OLD: _("Your session has reached the age that your team allows. Sign in again to go on."),
}


class SignInView(LoginView):  # type: ignore[misc]  # allauth ships no types
    """E-mail and password, or a passkey. Unknown people get the same answers and the same limits as known ones."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if seconds := limits.count(request, "sign_in", self._account()):
            return limits.too_many(request, seconds)
        return super().post(request, *args, **kwargs)  # type: ignore[no-any-return]

    def form_valid(self, form: forms.Form) -> HttpResponse:
        limits.succeeded(self.request, "sign_in", self._account())
        return super().form_valid(form)  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        ended = ENDED.get(self.request.GET.get("ended", ""))
        return context | {"ended": ended, "passkeys": passkeys.offered(), "oidc_name": oidc.name()}

    def _account(self) -> str:
        return str(self.request.POST.get("login", "")).strip().lower()


login = SignInView.as_view()
