"""Forms of the money pages. Dollars are typed, integer micros leave."""

from __future__ import annotations

import uuid
from typing import Any, BinaryIO, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.keys import KeyText, read_address, read_key
from billing.limit_forms import LimitsMixin
from billing.rail_forms import RailMixin
from core.forms import HiddenText
from core.ui.choices import Choice
from wallets import signer, vault
from wallets.limits import money_of
from wallets.models import Gateway

MAX_FILE_BYTES = 20_000


class WalletForm(RailMixin, LimitsMixin):
    """A wallet whose key the worker will make."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    field_order = ("label", "rail", "per_payment", "per_day", "per_week", "per_month")

    def __init__(self, *args: Any, gateway: Gateway, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_rails([gateway])


class EitherField(forms.CharField):
    """A field that the form needs unless another one is filled: the form itself says so."""

    def validate(self, value: Any) -> None:
        """Let it be empty."""


class ImportForm(RailMixin, LimitsMixin):
    """A wallet whose key arrives here, and is sealed to the worker before this form is done with it.

    After `is_valid`, `cleaned_data` holds `sealed`, `wallet_id`, `claimed_address` and `in_keystore`; the key itself,
    or the keystore with its password, is gone.
    """

    gateway = forms.ChoiceField(label=gettext_lazy("Signs for"), widget=forms.RadioSelect)
    label = forms.CharField(
        label=gettext_lazy("Name"), max_length=60, widget=forms.TextInput(attrs={"required": True})
    )
    key = EitherField(
        label=gettext_lazy("Private key, or what allowance.json or a keystore holds"),
        widget=HiddenText(
            attrs={
                "rows": 4,
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "class": "mono",
            }
        ),
        help_text=gettext_lazy("Sealed on arrival. This site cannot open it again and never shows it."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or the file"),
        required=False,
        help_text=gettext_lazy("The Run402 CLI keeps it at ~/.config/run402/allowance.json."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password of the keystore"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Only a keystore has one. It is sealed with it; a worker opens both."),
    )
    address = forms.CharField(
        label=gettext_lazy("Its address, to be checked"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text=gettext_lazy("The import is refused when the key belongs to another address."),
    )
    field_order = (
        *("gateway", "label", "rail", "key", "file", "password", "address"),
        *("per_payment", "per_day", "per_week", "per_month"),
    )
    use_required_attribute = False

    def __init__(self, *args: Any, gateways: list[Gateway], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wallet_id = uuid.uuid4()
        field = cast(forms.ChoiceField, self.fields["gateway"])
        field.choices = [(gateway.slug, Choice(gateway.name, hint=gateway.host)) for gateway in gateways]
        field.initial = gateways[0].slug if gateways else None
        self.offer_rails(gateways)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = [
            value for value in (cleaned.pop("key", ""), self._uploaded(cleaned.pop("file", None))) if value
        ]
        if len(given) != 1:
            raise ValidationError(_("Paste the key, or choose the file: one of the two."), code="one")
        try:
            found = read_key(given[0], cleaned.pop("password", ""), rail=self.chosen_rail)
        except ValidationError as error:
            self.add_error(None if hasattr(error, "error_dict") else "key", error)
            return cleaned
        return {**cleaned, **self._sealed(found, cleaned.get("address", ""))}

    def clean_address(self) -> str:
        given = self.cleaned_data["address"]
        return read_address(given) if given else ""

    def _uploaded(self, file: BinaryIO | None) -> str:
        if file is None:
            return ""
        content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ValidationError({"file": _("This file is too large for an allowance file.")})
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise ValidationError({"file": _("This file is no text.")}) from None

    def _sealed(self, found: KeyText, wanted: str) -> dict[str, Any]:
        """Seal what was found. Of two addresses both have to be the key's: those that differ are refused here."""
        if wanted and found.address and wanted.lower() != found.address.lower():
            self.add_error("address", _("The file belongs to another address."))
        return {
            "sealed": vault.seal(found.secret, signer.import_context(self.wallet_id)),
            "wallet_id": self.wallet_id,
            "claimed_address": found.address or wanted,
            "in_keystore": found.in_keystore,
        }


class FreezeForm(forms.Form):
    """Why a wallet is frozen, for those who find it so."""

    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        help_text=gettext_lazy("Everybody who sees the wallet reads it."),
    )


class TierForm(forms.Form):
    """The confirmation of a payment. The price that was on the page comes back with it."""

    micros = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    network = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    sure = forms.BooleanField(
        label=gettext_lazy("This is real money. It cannot be called back."), required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if money_of(cleaned.get("network", "")) == "real" and not cleaned.get("sure"):
            self.add_error("sure", _("Say that you mean real money: nothing was paid."))
        return cleaned


class DecideForm(forms.Form):
    """An owner's word about a payment that the chain tells nothing of."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What became of it"),
        widget=forms.RadioSelect,
        choices=[
            ("paid", gettext_lazy("It was paid: it keeps counting")),
            ("free", gettext_lazy("It was not paid: the sum is free again")),
        ],
    )
    note = forms.CharField(
        label=gettext_lazy("How you know"),
        max_length=300,
        help_text=gettext_lazy("It stays with the payment and in the audit record."),
    )
