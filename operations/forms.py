"""What the list of operations and the audit record can be narrowed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import words
from audit.selectors import Narrowing
from operations.models import State
from operations.registry import kinds

StrOrPromise = str | Promise

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

    def narrowing(self) -> dict[str, str]:
        """Return the valid part of what is asked for, as `selectors.matching` takes it."""
        self.is_valid()
        given = {"state": "state", "kind": "kind", "text": "q"}
        return {name: str(self.cleaned_data.get(field) or "") for name, field in given.items()}


class _Day(forms.DateInput):
    """A day as browsers pick it."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class RecordForm(forms.Form):
    """What the audit record can be narrowed to, from the address; what is not among the choices filters nothing."""

    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    who = forms.ChoiceField(label=_("Who"), required=False)
    group = forms.ChoiceField(label=_("What"), required=False)
    type = forms.ChoiceField(label=_("Object"), required=False)
    about = forms.UUIDField(required=False, widget=forms.HiddenInput)
    since = forms.DateField(label=_("From"), required=False, widget=_Day)
    until = forms.DateField(label=_("To"), required=False, widget=_Day)

    def __init__(self, *args: Any, actors: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("who", _("Anybody"), actors)
        self._choose("group", _("Any action"), _by_label(words.GROUPS))
        self._choose("type", _("Any object"), _by_label(words.OBJECTS))

    def _choose(self, name: str, anything: StrOrPromise, choices: Iterable[tuple[str, StrOrPromise]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", anything), *choices]

    def narrowing(self) -> Narrowing:
        """Return the valid part of what is asked for."""
        self.is_valid()
        given = self.cleaned_data
        return Narrowing(
            text=given.get("q", ""),
            actor=given.get("who", ""),
            group=given.get("group", ""),
            object_type=given.get("type", ""),
            about=str(given.get("about") or ""),
            since=given.get("since"),
            until=given.get("until"),
        )


def _by_label(labels: Mapping[str, StrOrPromise]) -> list[tuple[str, StrOrPromise]]:
    return sorted(labels.items(), key=lambda choice: str(choice[1]))
