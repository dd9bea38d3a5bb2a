"""Changing one's password, which ends the other sessions."""

from __future__ import annotations

from typing import Any

from allauth.account.views import PasswordChangeView
from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from teams import limits
from teams.services.sessions import end_sessions


class ChangePasswordView(PasswordChangeView):  # type: ignore[misc]  # allauth ships no types
    """Counts tries, since the old password is asked for; whoever else is signed in as this person is not any more."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if seconds := limits.count(request, "password", str(request.user.pk)):
            return limits.too_many(request, seconds)
        return super().post(request, *args, **kwargs)  # type: ignore[no-any-return]

    def form_valid(self, form: forms.Form) -> HttpResponse:
        limits.succeeded(self.request, "password", str(self.request.user.pk))
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            end_sessions(self.request.user, keep=self.request.session.session_key or "")
        return response


password_change = ChangePasswordView.as_view()
