"""Which projects a list shows: the filters of its address, and the rows that they leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects import selectors
from projects.models import Project
from projects.states import LIFECYCLE
from teams.reach import Reach
from wallets.models import Gateway, Wallet

READY = Q(state=Project.State.READY)
TROUBLED = READY & Q(status__in=LIFECYCLE)
LACKING = READY & (Q(service_key_sealed=b"") | Q(anon_key=""))
#: What can be asked for, as words and as a condition.
STATES: Mapping[str, tuple[str | Promise, Q]] = {
    "serving": (gettext_lazy("Serving"), READY & ~Q(live_release="") & ~Q(status__in=LIFECYCLE)),
    "idle": (gettext_lazy("Never deployed"), READY & Q(live_release="") & ~Q(status__in=LIFECYCLE)),
    "trouble": (gettext_lazy("In trouble"), TROUBLED | Q(state=Project.State.FAILED)),
    "making": (
        gettext_lazy("Being made or adopted"),
        Q(state__in=(Project.State.PROVISIONING, Project.State.ADOPTING)),
    ),
    "keyless": (gettext_lazy("Without keys here"), LACKING),
    "deleted": (gettext_lazy("Deleted"), Q(state=Project.State.DELETED)),
}


@dataclass(frozen=True)
class Narrowing:
    """The filters that are set. Without a state everything that is not deleted is shown."""

    q: str = ""
    state: str = ""
    gateway: str = ""
    wallet: str = ""

    def chosen(self) -> dict[str, str]:
        """Return what is set, by name, as an address has it."""
        return {name: value for name, value in vars(self).items() if value}


def found(reach: Reach, narrowing: Narrowing) -> QuerySet[Project]:
    """Return the projects within reach that fit, by name."""
    projects = selectors.projects_of(reach) if narrowing.state == "deleted" else selectors.current(reach)
    if narrowing.state:
        projects = projects.filter(STATES[narrowing.state][1])
    exact = {"gateway": narrowing.gateway, "wallet": narrowing.wallet}
    projects = projects.filter(**{name: value for name, value in exact.items() if value})
    return selectors.holding(projects, reach, narrowing.q.strip())


class ListForm(forms.Form):
    """Which projects: every field may be left out, and what makes no sense is left out."""

    q = forms.CharField(required=False, max_length=120, label=gettext_lazy("Search projects"))
    state = forms.ChoiceField(required=False, label=gettext_lazy("State"))
    gateway = forms.ChoiceField(required=False, label=gettext_lazy("Gateway"))
    wallet = forms.ChoiceField(required=False, label=gettext_lazy("Wallet"))

    def __init__(
        self, *args: Any, gateways: Sequence[Gateway], wallets: Sequence[Wallet], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choose("state", _("Every state"), [(name, words) for name, (words, _fits) in STATES.items()])
        self._choose("gateway", _("Every gateway"), [(one.pk, one.name) for one in gateways])
        self._choose("wallet", _("Every wallet"), [(str(one.pk), one.label) for one in wallets])

    def _choose(self, name: str, every: str, choices: Sequence[tuple[str, str | Promise]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", every), *choices]

    @property
    def choosing(self) -> Iterator[BoundField]:
        """The fields that offer choices."""
        return (self[name] for name, field in self.fields.items() if isinstance(field, forms.ChoiceField))

    def narrowing(self) -> Narrowing:
        """Return the filters that are set and make sense."""
        self.is_valid()
        return Narrowing(**{name: value for name, value in self.cleaned_data.items() if value})

    def said(self, name: str, value: str) -> str:
        """Return what a filter that is set means, in words."""
        field = self.fields[name]
        choices: dict[Any, Any] = (
            dict(cast(Any, field).choices) if isinstance(field, forms.ChoiceField) else {}
        )
        return str(choices.get(value, value))
