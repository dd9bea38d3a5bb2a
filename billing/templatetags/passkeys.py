"""What a person's list of sign-in passkeys says about confirming: `{% passkey_standing authenticator %}`."""

from __future__ import annotations

from typing import Any

from django.template import Library

from billing import passkeys as services
from wallets.models import TrustedPasskey

register = Library()


@register.inclusion_tag("billing/_passkey_standing.html")
def passkey_standing(authenticator: Any) -> dict[str, object]:
    """Say for each team of its owner from when the passkey may confirm payments and exports there."""
    rows = TrustedPasskey.objects.filter(
        user=authenticator.user_id, credential_id=services.credential_id(authenticator)
    )
    return {"rows": list(rows.select_related("team").order_by("team__name"))}
