"""Accounts are made by the panel, never by visitors."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.addresses import client_ip
from teams.models import User
from teams.sessions import SessionStore
from teams.signing_in import note_failed_email


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Sign-up is closed."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("E-mail and password do not match."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note a wrong password; it is recorded when the answer has left, whether there is such an account or not."""
        note_failed_email(credentials.get("email"))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Never by allauth: the panel asks itself, for the very action (teams.stepup)."""
        return False

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        ours = {"allauth.mfa.stages.AuthenticateStage": "teams.stages.SecondStage"}
        return [ours.get(stage, stage) for stage in stages]

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in; whoever comes clears away the rows that are over."""
        SessionStore.clear_expired()
        super().login(request, user)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)
