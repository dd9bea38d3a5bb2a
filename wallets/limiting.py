"""What is said when a limit, a rail or a restore forbids a payment."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import NextStep, Refusal
from core.ui.money import network_name, usd
from wallets.limits import KIND, MEMBER, PROJECT, WALLET, Cap
from wallets.models import Wallet

#: A window as an adverb.
WINDOW_WORDS: dict[str, Promise] = {
    "payment": gettext_lazy("at once"),
    "day": gettext_lazy("in 24 hours"),
    "week": gettext_lazy("in 7 days"),
    "month": gettext_lazy("in 30 days"),
}
_CODES = {
    "payment": "LIMIT_PER_PAYMENT",
    "day": "LIMIT_PER_DAY",
    "week": "LIMIT_PER_WEEK",
    "month": "LIMIT_PER_MONTH",
}
_OWN_CODES = {MEMBER: "LIMIT_OF_MEMBER", PROJECT: "LIMIT_OF_PROJECT", KIND: "LIMIT_OF_KIND"}
_WHOSE: dict[str, Promise] = {
    WALLET: gettext_lazy("This wallet"),
    MEMBER: gettext_lazy("Who asks for this"),
    PROJECT: gettext_lazy("This project"),
    KIND: gettext_lazy("This kind of payment"),
}


def refusal(cap: Cap, left: int, micros: int) -> Refusal:
    """Return the refusal of a payment that a cap forbids, with what it leaves."""
    code = _CODES[cap.window] if cap.about == WALLET else _OWN_CODES[cap.about]
    return Refusal(
        code,
        sentence(cap, left),
        details={"limit_micros": cap.micros, "left_micros": left, "amount_micros": micros},
        next_steps=[NextStep("choose_wallet", _("Look at the limits, or use another wallet"), "/wallets/")],
    )


def sentence(cap: Cap, left: int) -> str:
    """Return why a cap forbids a payment."""
    facts = {
        "whose": _WHOSE[cap.about],
        "most": usd(cap.micros),
        "left": usd(left),
        "window": WINDOW_WORDS[cap.window],
    }
    if cap.window == "payment":
        return _("%(whose)s may take %(most)s at once. This costs more.") % facts
    return _("%(whose)s may take %(most)s %(window)s, and %(left)s are left. This costs more.") % facts


def off_its_rail(wallet: Wallet, network: str) -> Refusal:
    """Return why a network is not paid on: it is another rail's, or nobody allowed it."""
    other = network in wallet.gateway.networks and network not in wallet.networks
    if not other:
        return Refusal("NETWORK_NOT_ALLOWED", _("This wallet may not pay on this network."))
    facts = {"name": wallet.label, "rail": wallet.get_rail_display(), "network": network_name(network)}
    return Refusal(
        "RAIL_DIFFERS",
        _("%(name)s pays by %(rail)s, and this is paid on %(network)s. Nothing was signed.") % facts,
        next_steps=[NextStep("switch_rail", _("Switch the rail"), f"/wallets/{wallet.pk}/pays")],
    )


def restored(wallet: Wallet) -> Refusal:
    """Return why a wallet pays nothing that was restored from a backup and has not caught up."""
    return Refusal(
        "WALLET_FROZEN",
        _(
            "The panel was restored from a backup. %(name)s pays nothing until a worker has read what it spent since."
        )
        % {"name": wallet.label},
        hint=_("That happens by itself, within minutes of the restore."),
    )
