"""The filters of the ledger, all in the address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.narrowing import Narrowing
from wallets.models import Payment

#: The longest time whose days a chart shows.
MOST_DAYS = 92
USUAL_DAYS = 30
Choices = list[tuple[str, str]]


class LedgerForm(forms.Form):
    """Which payments: every field may be left out, and what makes no sense is left out."""

    q = forms.CharField(required=False, max_length=120, label=gettext_lazy("Search payments"))
    state = forms.ChoiceField(required=False, label=gettext_lazy("State"))
    money = forms.ChoiceField(required=False, label=gettext_lazy("Money"))
    wallet = forms.ChoiceField(required=False, label=gettext_lazy("Wallet"))
    project = forms.ChoiceField(required=False, label=gettext_lazy("Project"))
    member = forms.ChoiceField(required=False, label=gettext_lazy("Member"))
    cost = forms.ChoiceField(required=False, label=gettext_lazy("Kind"))
    by = forms.ChoiceField(required=False, label=gettext_lazy("Paid by"))
    since = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False, label=gettext_lazy("To"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(
        self, *args: Any, wallets: Choices, projects: Choices, members: Choices, by: Choices, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choose("state", _("Every state"), Payment.State.choices)
        self._choose("money", _("Test and real"), [("test", _("Test money")), ("real", _("Real money"))])
        self._choose("wallet", _("Every wallet"), wallets)
        self._choose("project", _("Every project"), projects)
        self._choose("member", _("Every member"), members)
        self._choose("cost", _("Every kind"), Payment.Cost.choices)
        self._choose("by", _("However paid"), by)

    def _choose(self, name: str, every: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", every), *choices]

    @property
    def choosing(self) -> Iterator[BoundField]:
        """The fields that offer choices."""
        return (self[name] for name, field in self.fields.items() if isinstance(field, forms.ChoiceField))

    def narrowing(self) -> Narrowing:
        """Return the filters that are set and make sense."""
        self.is_valid()
        return Narrowing(**{name: value for name, value in self.cleaned_data.items() if value})

    def chips(self) -> list[tuple[str, str, str]]:
        """Return the filters that are set as (name, label, value in words)."""
        chosen = self.narrowing().chosen()
        return [
            (name, str(self.fields[name].label), self._said(name, value)) for name, value in chosen.items()
        ]

    def _said(self, name: str, value: str) -> str:
        field = self.fields[name]
        choices = dict(cast(Choices, field.choices)) if isinstance(field, forms.ChoiceField) else {}
        return str(choices.get(value, value))


def days_of(narrowing: Narrowing) -> list[date]:
    """Return the days that a chart shows: those asked for, else the last thirty; the latest of them when too many."""
    last = narrowing.until or timezone.now().date()
    first = narrowing.since or last - timedelta(days=USUAL_DAYS - 1)
    count = min(max((last - first).days + 1, 1), MOST_DAYS)
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]
