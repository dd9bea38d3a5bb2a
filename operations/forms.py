"""What the list of operations can be narrowed to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from operations.models import State
from operations.registry import kinds

ANY_STATE = [("", _("Any state")), ("active", _("Not ended")), *State.choices]


class FilterForm(forms.Form):
    """State, kind and text, from the address; what is not among the choices filters nothing."""

    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    state = forms.ChoiceField(label=_("State"), choices=ANY_STATE, required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                ("", _("Any kind")),
                *sorted(((k.name, k.label) for k in kinds), key=lambda k: str(k[1])),
            ]

    def value(self, name: str) -> str:
        """Return a valid choice, or nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
