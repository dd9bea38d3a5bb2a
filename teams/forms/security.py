"""Adding second factors."""

from __future__ import annotations

from typing import Any

from allauth.mfa.totp.internal.auth import validate_totp_code
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams import passkeys


class NameForm(forms.Form):
    """The name of a passkey, as its owner tells them apart."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("The device or the key it lives on, such as “Work laptop”."),
    )


class NewPasskeyForm(NameForm):
    """A name, and the browser's answer, which a script fills in."""

    credential = forms.CharField(max_length=60_000, widget=forms.HiddenInput)
    answer: dict[str, Any]

    def clean_credential(self) -> str:
        text: str = self.cleaned_data["credential"]
        try:
            self.answer = passkeys.check_added(text)
        except forms.ValidationError:
            raise forms.ValidationError(
                _(
                    "The passkey was not accepted. Make it again; the device has to ask for a finger, face or PIN."
                )
            ) from None
        return text


class AppForm(forms.Form):
    """The first code of an authenticator app shows that it has the seed."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=10,
        help_text=gettext_lazy("The six digits that the app shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._secret = secret

    def clean_code(self) -> str:
        code = "".join(str(self.cleaned_data["code"]).split())
        if not validate_totp_code(self._secret, code):
            raise forms.ValidationError(
                _("This code is not right. Take the newest one; the clock of the phone has to be right.")
            )
        return code
