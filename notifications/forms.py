"""What people fill in about notices and webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.ui.choices import Choice
from notifications.events import ALL, FOR_HOOKS
from notifications.models import Delivery, Hook
from notifications.services import HookDraft


class InboxFilter(forms.Form):
    """Which notices to show, from the address; what is not among the choices filters nothing."""

    event = forms.ChoiceField(
        label=_("Event"),
        choices=[("", _("Any event")), *((each.name, each.label) for each in ALL)],
        required=False,
    )
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Read and unread")), ("unread", _("Unread"))], required=False
    )

    def value(self, name: str) -> str:
        """Return a valid choice, or nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


class DeliveryFilter(forms.Form):
    """Which deliveries to show, from the address."""

    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("Any state")), *Delivery.State.choices], required=False
    )

    def value(self, name: str) -> str:
        """Return a valid choice, or nothing."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")


class MailRulesForm(forms.Form):
    """The types of event of which a person gets a mail."""

    mail = forms.MultipleChoiceField(choices=[(each.name, each.label) for each in ALL], required=False)


class _Unrepeated(forms.URLInput):
    """An address that no answer repeats: chats' addresses hold a token."""

    def format_value(self, value: Any) -> None:
        return None


def _hint(form: Hook.Form) -> str:
    return {
        Hook.Form.SIGNED: gettext("For programs of yours, which check the signature."),
        Hook.Form.SLACK: gettext("Slack, Mattermost, Rocket.Chat: one line of text."),
        Hook.Form.DISCORD: gettext("Discord: one line of text that calls nobody."),
    }[form]


class HookForm(forms.Form):
    """A webhook. When one is changed its form stays, and an empty address keeps the present one."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("What it is sent"), widget=forms.RadioSelect, initial=Hook.Form.SIGNED)
    url = forms.CharField(
        label=_("Address"),
        max_length=2048,
        widget=_Unrepeated(attrs={"autocomplete": "off", "placeholder": "https://hooks.example.com/…"}),
        help_text=_("https, with the name of a host. It is sealed; the panel shows the host only."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(each.name, each.label) for each in FOR_HOOKS],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, *, hook: Hook | None = None) -> None:
        initial = {"name": hook.name, "events": hook.events} if hook else {}
        super().__init__(data, initial=initial)
        kind = self.fields["kind"]
        if isinstance(kind, forms.ChoiceField):
            kind.choices = [(each.value, Choice(str(each.label), hint=_hint(each))) for each in Hook.Form]
        if hook:
            del self.fields["kind"]
            self.fields["url"].required = False
            self.fields["url"].help_text = _("Leave it empty to keep the present one.")

    @property
    def draft(self) -> HookDraft:
        """What was filled in; after `is_valid`."""
        data = self.cleaned_data
        return HookDraft(
            name=data["name"],
            events=tuple(data["events"]),
            form=data.get("kind") or Hook.Form.SIGNED,
            url=data["url"],
        )
