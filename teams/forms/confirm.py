"""The ways in which somebody shows that it is them: password, code, passkey."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams import passkeys
from teams.models import User
from teams.services import factors


class OwnForm(forms.Form):
    """A form that one person fills in about themselves."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class PasswordForm(OwnForm):
    """The person's own password."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password. Try again."))
        return password


class CodeForm(OwnForm):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    factor: Authenticator

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        factor = factors.check_code(self.user, code)
        if factor is None:
            raise forms.ValidationError(_("This code is not right. Take the newest one and try again."))
        self.factor = factor
        return code


class PasskeyForm(forms.Form):
    """What the browser answers when a passkey was used; a script fills it in."""

    credential = forms.CharField(max_length=20_000, widget=forms.HiddenInput)
    factor: Authenticator

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_credential(self) -> str:
        answer: str = self.cleaned_data["credential"]
        try:
            self.factor = passkeys.check_used(answer, self.user)
        except forms.ValidationError:
            raise forms.ValidationError(
                _("This passkey was not accepted. Try again, or another way.")
            ) from None
        return answer
