"""The choice of a rail, where there is one."""

from __future__ import annotations

from typing import cast

from django import forms
from django.utils.translation import gettext_lazy

from billing import rails
from core.ui.choices import Choice
from core.ui.money import network_name
from wallets.models import Gateway, Wallet
from wallets.models.gateway import BASE_SEPOLIA, TEMPO_MODERATO


def rail_choices() -> list[tuple[str, Choice]]:
    """Return both rails, each with the network of its test money."""
    rows = ((Wallet.Rail.X402, "USDC", BASE_SEPOLIA), (Wallet.Rail.MPP, "pathUSD", TEMPO_MODERATO))
    return [
        (str(rail), Choice(str(rail.label), hint=f"{token}, {network_name(network)}", network=network))
        for rail, token, network in rows
    ]


class RailMixin(forms.Form):
    """Adds the field `rail` while a worker can pay by MPP at one of the gateways; else everything pays by x402."""

    rail = forms.ChoiceField(
        label=gettext_lazy("Pays by"),
        required=False,
        initial=str(Wallet.Rail.X402),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("It can be switched later, while no payment is open."),
    )

    def offer_rails(self, gateways: list[Gateway]) -> None:
        """Keep the field where it is a choice."""
        if any(map(rails.takes_mpp, gateways)):
            cast(forms.ChoiceField, self.fields["rail"]).choices = rail_choices()
        else:
            del self.fields["rail"]

    @property
    def chosen_rail(self) -> str:
        """The rail that was chosen; x402 without a choice."""
        return str(self.cleaned_data.get("rail") or Wallet.Rail.X402)
