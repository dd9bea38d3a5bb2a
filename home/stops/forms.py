"""The one question before something is stopped."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from wallets.halts import LONGEST_WHY


class StopForm(forms.Form):
    """Why."""

    why = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_WHY,
        help_text=_("Everybody whom it concerns reads this on every page, with your name."),
    )
