"""What somebody wants to pay for by card."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.prices import prices_of
from core.forms import DollarsField
from core.ui.choices import Choice
from core.ui.money import usd
from wallets import cards
from wallets.models import Wallet

BALANCE = "balance"
TIER = "tier:"


class CardForm(forms.Form):
    """One of the tiers, or a sum for the balance that Run402 keeps."""

    buy = forms.ChoiceField(label=gettext_lazy("Pay for"), widget=forms.RadioSelect)
    amount = DollarsField(
        label=gettext_lazy("Into the balance"),
        required=False,
        help_text=gettext_lazy("For the prepaid balance only: dollars, at least 0.50."),
    )

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["buy"].choices = choices_of(wallet)  # type: ignore[attr-defined]  # a ChoiceField's own

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("buy") == BALANCE and cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Say how much to pay in."))
        return cleaned

    @property
    def tier(self) -> str:
        """The chosen tier; nothing when the balance is to be filled."""
        chosen: str = self.cleaned_data["buy"]
        return chosen.removeprefix(TIER) if chosen.startswith(TIER) else ""


def choices_of(wallet: Wallet) -> list[tuple[str, Choice]]:
    """Return the tiers with their prices, and the balance."""
    network = cards.network_of(wallet)
    tiers = [
        (
            f"{TIER}{price.name}",
            Choice(
                price.label,
                hint=_("%(price)s for %(days)s days")
                % {
                    "price": _("price not known") if price.micros is None else usd(price.micros, exact=True),
                    "days": price.lease_days or "?",
                },
                network=network,
            ),
        )
        for price in prices_of(wallet.gateway)
    ]
    hint = _("Run402 takes from it before the wallet is asked")
    return [*tiers, (BALANCE, Choice(_("Prepaid balance"), hint=hint, network=network))]
