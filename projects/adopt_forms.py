"""The two forms of adopting: a file with its wallet, and what of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import HiddenText
from core.ui.choices import Choice
from projects import adopting
from projects.adopting import Offer
from projects.cli_keys import read_projects
from teams.reach import Reach
from wallets.models import Wallet

MOST_FILE_BYTES = 1_000_000


class FileForm(forms.Form):
    """The CLI's file of projects, and the wallet that has them.

    After `is_valid`, `cleaned_data["offer"]` holds what can be adopted with each service key sealed; the text is gone.
    `dropped`: there was a file, and it was too large to be held in memory.
    """

    wallet = forms.ChoiceField(
        label=gettext_lazy("Wallet that has them"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("A worker asks Run402 whether it does, before anything is kept."),
    )
    file = forms.FileField(
        label=gettext_lazy("The file"),
        required=False,
        help_text=gettext_lazy(
            "~/.config/run402/projects.json, of a newer CLI ~/.config/run402/credentials/project-keys.v1.json."
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Or what it holds"),
        required=False,
        max_length=MOST_FILE_BYTES,
        widget=HiddenText(
            attrs={
                "rows": 4,
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "class": "mono",
            }
        ),
        help_text=gettext_lazy("Service keys are sealed on arrival. This site cannot open them again."),
    )
    use_required_attribute = False

    def __init__(
        self, *args: Any, wallets: Sequence[Wallet], reach: Reach, dropped: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._wallets, self._reach, self._dropped = by_id(wallets), reach, dropped
        field = cast(forms.ChoiceField, self.fields["wallet"])
        field.choices = [
            (key, Choice(one.label, hint=one.gateway.name)) for key, one in self._wallets.items()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self._dropped:
            raise _too_large()
        given = [
            text for text in (cleaned.pop("text", ""), self._uploaded(cleaned.pop("file", None))) if text
        ]
        if len(given) != 1:
            raise ValidationError(_("Choose the file, or paste what it holds: one of the two."), code="one")
        found = read_projects(given[0])
        if wallet := self._wallets.get(cleaned.get("wallet", "")):
            cleaned["offer"] = adopting.offer(wallet, found, self._reach)
        return cleaned

    def _uploaded(self, file: BinaryIO | None) -> str:
        if file is None:
            return ""
        content = file.read(MOST_FILE_BYTES + 1)
        if len(content) > MOST_FILE_BYTES:
            raise _too_large()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError({"file": _("This file is no text.")}) from None


def _too_large() -> ValidationError:
    return ValidationError({"file": _("This file is too large for the CLI's file of projects.")})


class ChosenForm(forms.Form):
    """Which of the offered projects are adopted. The offer itself comes back signed."""

    offer = forms.CharField(widget=forms.HiddenInput)
    project = forms.MultipleChoiceField(
        required=False, error_messages={"invalid_choice": gettext_lazy("Choose from the list.")}
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(entry.remote_id, entry.remote_id) for entry in offer.adoptable]
        cast(forms.MultipleChoiceField, self.fields["project"]).choices = choices


def by_id(wallets: Sequence[Wallet]) -> Mapping[str, Wallet]:
    """Return the wallets by their id as a form has it."""
    return {str(wallet.pk): wallet for wallet in wallets}
