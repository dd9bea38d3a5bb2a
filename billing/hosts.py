"""Which hosts a payment page may be on. Everything else is thrown away: what takes cards is worth imitating."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from wallets.models import Gateway

#: The payment company's own host, for Run402 Cloud.
STRIPE = ("https", "checkout.stripe.com", 443)
MOST_CHARACTERS = 4000
_PORTS = {"http": 80, "https": 443}


def place_of(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a plain http(s) address; None for anything a browser may read otherwise."""
    if len(url) > MOST_CHARACTERS or not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.lower(), _PORTS[parts.scheme] if port is None else port


def is_allowed(url: str, gateway: Gateway) -> bool:
    """Say whether a person may be led there: Stripe's checkout from Run402 Cloud, the sandbox's own pages from it."""
    place = place_of(url)
    if gateway.kind == Gateway.Kind.CLOUD:
        return place == STRIPE
    return gateway.is_sandbox and place is not None and place == place_of(gateway.url)


def named(url: str) -> str:
    """Return the host for people to read: letters of plain names only, whatever else stood there."""
    place = place_of(url)
    host = place[1] if place else ""
    return "".join(one for one in host if one.isalnum() or one in "-.")[:100]


def foreign(url: str) -> Refusal:
    """The gateway named a page on a host that no card should be typed into."""
    host = named(url)
    where = _("on %(host)s") % {"host": host} if host else _("at an address that cannot be read")
    sentence = _(
        "Run402 answered with a payment page %(where)s, which is not one that this panel opens. The link was thrown "
        "away and nothing was paid."
    )
    tiers = NextStep(
        "pay_from_wallet", _("Pay from the wallet instead, and tell Run402"), reverse("billing:tiers")
    )
    return Refusal(
        "CHECKOUT_FOREIGN", sentence % {"where": where}, details={"host": host}, next_steps=[tiers]
    )
