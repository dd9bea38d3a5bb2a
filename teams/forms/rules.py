"""The name of a team and its rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from teams.services.rules import IDLE_MINUTES, SESSION_HOURS, Rules


class TeamNameForm(forms.Form):
    """What the team is called."""

    name = forms.CharField(label=_("Name"), max_length=80)


class RulesForm(forms.Form):
    """The rules, in the units people think in."""

    require_two_factor = forms.BooleanField(
        label=_("Everybody needs a second factor"),
        help_text=_("Members without one are led to set one up before they see anything else."),
        required=False,
    )
    idle_minutes = forms.IntegerField(
        label=_("Sign out after a pause of"),
        min_value=IDLE_MINUTES[0],
        max_value=IDLE_MINUTES[1],
        help_text=_("5 minutes to 7 days (10,080 minutes)"),
    )
    session_hours = forms.IntegerField(
        label=_("Sign out in any case after"),
        min_value=SESSION_HOURS[0],
        max_value=SESSION_HOURS[1],
        help_text=_("1 hour to 30 days (720 hours)"),
    )

    def __init__(self, data: Any = None, *, team: Team) -> None:
        initial = {
            "require_two_factor": team.require_two_factor,
            "idle_minutes": team.idle_minutes,
            "session_hours": team.session_hours,
        }
        super().__init__(data, initial=initial)

    @property
    def rules(self) -> Rules:
        """The rules as chosen; after `is_valid`."""
        data = self.cleaned_data
        return Rules(
            require_two_factor=data["require_two_factor"],
            idle_minutes=data["idle_minutes"],
            session_hours=data["session_hours"],
        )
