"""The form that makes a project."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from core.ui.choices import Choice
from projects.payers import Payer
from run402 import names
from wallets.models import Wallet


class ProjectForm(forms.Form):
    """A name and the wallet that has it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=names.PROJECT_NAME_LENGTH,
        help_text=_("1 to 128 characters. The address of the site is chosen with the first deploy."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    wallet = forms.ChoiceField(
        label=_("Wallet"), widget=forms.RadioSelect, help_text=_("The project counts against its tier.")
    )

    def __init__(self, *args: object, payers: Sequence[Payer], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments, passed on
        self._wallets: dict[str, Wallet] = {str(payer.wallet.pk): payer.wallet for payer in payers}
        choices = [(str(payer.wallet.pk), _choice(payer)) for payer in payers]
        self.fields["wallet"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean_name(self) -> str:
        """Hold the contract's rule (apply 1.3)."""
        name: str = self.cleaned_data["name"]
        try:
            return names.project_name(name)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def chosen_wallet(self) -> Wallet:
        """Return the wallet of a valid form."""
        return self._wallets[self.cleaned_data["wallet"]]


def first_choice(payers: Sequence[Payer], asked_for: str = "") -> UUID | None:
    """Return the wallet to tick beforehand: the one asked for, else the first that can have projects."""
    able = [payer.wallet.pk for payer in payers if payer.can_have_projects]
    return next((pk for pk in able if str(pk) == asked_for), next(iter(able), None))


def _choice(payer: Payer) -> Choice:
    network = payer.wallet.gateway.networks[0]
    return Choice(payer.wallet.label, hint=payer.words, network=network)
