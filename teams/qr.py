"""Codes that a camera reads, drawn here: no other machine gets to see what they hold."""

from __future__ import annotations

import qrcode
from allauth.mfa.adapter import get_adapter
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from teams.models import User

#: Light modules around the code: readers need four.
MARGIN = 4


def of_app(user: User, secret: str) -> SafeString:
    """Return the SVG of the address that hands the seed to an app."""
    return drawn(get_adapter().build_totp_url(user, secret), _("The code for your authenticator app"))


def drawn(text: str, label: str) -> SafeString:
    """Return the text as an SVG without inline style, called `label`; its colours come from `.qr`."""
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    side = len(rows) + 2 * MARGIN
    dark = "".join(
        f"M{x + MARGIN} {y + MARGIN}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on
    )
    return format_html(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%"/><path d="{}"/></svg>',
        label,
        side,
        side,
        mark_safe(dark),  # noqa: S308 - numbers and letters of ours
    )
