"""What somebody without an account fills in to accept an invitation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams.models import Invitation, User

NEW_PASSWORD = {"autocomplete": "new-password"}


class NewAccountForm(forms.Form):
    """A name and a password, typed twice."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password1 = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs=NEW_PASSWORD),
        help_text=gettext_lazy(
            "Twelve characters or more. A short sentence is easier to keep than a clever word."
        ),
    )
    password2 = forms.CharField(
        label=gettext_lazy("Password once more"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs=NEW_PASSWORD),
    )

    def __init__(self, data: Any = None, *, invitation: Invitation) -> None:
        super().__init__(data)
        self._invitation = invitation

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords differ. Type the same one twice."))
        if first:
            self._judge(first, cleaned.get("name", ""))
        return cleaned

    def _judge(self, password: str, name: str) -> None:
        # The validators refuse pieces of name and e-mail; of a team too, once there is a membership: it is to come.
        names = f"{name} {self._invitation.team.name}"
        try:
            validate_password(password, User(email=self._invitation.email, name=names))
        except ValidationError as error:
            self.add_error("password1", error)
