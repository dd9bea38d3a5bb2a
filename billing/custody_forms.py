"""Forms about who may use a wallet, and about its end."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams.models import Membership, User
from teams.reach import Level

TEAM = "team"
LONGEST = timedelta(days=3650)


class ShareForm(forms.Form):
    """With whom, for how much, until when."""

    who = forms.ChoiceField(label=gettext_lazy("With"))
    level = forms.TypedChoiceField(
        label=gettext_lazy("They may"),
        coerce=lambda value: Level(int(value)),
        choices=[(level.value, level.label) for level in (Level.SEE, Level.SPEND, Level.MANAGE)],
        initial=Level.SPEND.value,
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The last day, in UTC. Empty: until somebody ends it."),
    )

    def __init__(self, data: Any = None, *, members: list[Membership], team: bool = True) -> None:
        super().__init__(data)
        self._people = {str(one.user_id): one.user for one in members}
        people = [(pk, user.label) for pk, user in self._people.items()]
        who = cast(forms.ChoiceField, self.fields["who"])
        who.choices = [(TEAM, _("The whole team")), *people] if team else people

    def clean_until(self) -> datetime | None:
        """Return the end of the last day."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        today = timezone.now().astimezone(UTC).date()
        if not today <= day < today + LONGEST:
            raise ValidationError(_("This day is over, or too far away."))
        return datetime.combine(day, time.min, tzinfo=UTC) + timedelta(days=1)

    @property
    def person(self) -> User | None:
        """Whom it is shared with; None is the whole team."""
        return self._people.get(self.cleaned_data["who"])


class CustodianForm(forms.Form):
    """One more who keeps the key."""

    custodian = forms.ChoiceField(label=gettext_lazy("Custodian"))

    def __init__(self, data: Any = None, *, members: list[Membership]) -> None:
        super().__init__(data)
        self._people = {str(one.user_id): one.user for one in members}
        field = cast(forms.ChoiceField, self.fields["custodian"])
        field.choices = [(pk, user.label) for pk, user in self._people.items()]

    @property
    def person(self) -> User:
        """Who is named."""
        return self._people[self.cleaned_data["custodian"]]


class NameForm(forms.Form):
    """Another name."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=60)


class ReplaceForm(forms.Form):
    """The wallet that comes in another one's place."""

    label = forms.CharField(label=gettext_lazy("Name of the new wallet"), max_length=60)
    freeze = forms.BooleanField(label=gettext_lazy("Freeze the old wallet now"), required=False)


class RetireForm(forms.Form):
    """The name, typed, of what ends."""

    name = forms.CharField(
        label=gettext_lazy("Type its name to confirm"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
