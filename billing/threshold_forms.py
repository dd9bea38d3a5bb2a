"""The forms of thresholds: of a team, and, among a wallet's limits, of the wallet and of kinds of cost."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import DollarsField, dollars
from teams.models import Team
from wallets.limits import DEPLOY
from wallets.models import Payment
from wallets.thresholds import Rule

#: What this version pays for, and so asks a second person about; "" is the wallet as a whole.
KINDS = {
    "": gettext_lazy("Any payment of this wallet"),
    Payment.Cost.TIER.value: Payment.Cost.TIER.label,
    DEPLOY: gettext_lazy("Deploys"),
    Payment.Cost.JOB.value: Payment.Cost.JOB.label,
    Payment.Cost.OTHER.value: Payment.Cost.OTHER.label,
}


class ThresholdForm(forms.Form):
    """Above which sum somebody else of the team has to approve, and whether a key leaves on one person's word."""

    above = DollarsField(
        label=gettext_lazy("A second person approves payments above"),
        required=False,
        help_text=gettext_lazy("Empty: nobody has to. Whoever asks cannot approve."),
    )
    exports_need_two = forms.BooleanField(
        label=gettext_lazy("A second owner confirms with a passkey before a wallet's key leaves the panel"),
        required=False,
    )

    def __init__(self, data: Any = None, *, team: Team) -> None:
        above = None if team.approval_above_micros is None else dollars(team.approval_above_micros)
        super().__init__(data, initial={"above": above, "exports_need_two": team.exports_need_two})

    @property
    def rule(self) -> Rule:
        """The rule, once it is valid."""
        return Rule(self.cleaned_data["above"], self.cleaned_data["exports_need_two"])


def threshold_fields(present: dict[str, int]) -> dict[str, DollarsField]:
    """Return a field for each threshold that a wallet can have; what no version pays for any more keeps one too."""
    words = {**KINDS, **{key: key for key in present if key not in KINDS}}
    fields = {}
    for key, label in words.items():
        field = DollarsField(label=label, required=False)
        field.initial = dollars(present[key]) if key in present else None
        fields[f"approve_{key}"] = field
    return fields


def require_no_raise(form: forms.Form, present: dict[str, int], why: str) -> None:
    """Refuse looser thresholds to who may not raise limits."""
    for key, micros in present.items():
        value = form.cleaned_data.get(f"approve_{key}")
        if f"approve_{key}" not in form.errors and (value is None or value > micros):
            form.add_error(f"approve_{key}", why or _("This can only be lowered."))


def thresholds_in(cleaned: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return the thresholds that were typed, in the order of their keys."""
    found = {
        name.removeprefix("approve_"): micros
        for name, micros in cleaned.items()
        if name.startswith("approve_") and micros is not None
    }
    return tuple(sorted(found.items()))
