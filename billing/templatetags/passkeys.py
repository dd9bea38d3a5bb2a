"""What a person's list of sign-in passkeys says about confirming: `{% passkey_standing passkey.pk %}`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.template import Context, Library

from billing import passkeys as services
from teams.models import User
from wallets import passkeys
from wallets.models import TrustedPasskey

register = Library()


@register.inclusion_tag("billing/_passkey_standing.html", takes_context=True)
def passkey_standing(context: Context, pk: int) -> dict[str, object]:
    """Say for each team from when one of the person's own passkeys may confirm payments and exports there."""
    request: Any = context["request"]
    if not hasattr(request, "passkey_standings"):
        request.passkey_standings = standings(request.user)
    return {"rows": request.passkey_standings[pk]}


def standings(user: User) -> dict[int, list[TrustedPasskey]]:
    """Return where each sign-in passkey of the person may confirm, by its number; two queries for all of them."""
    rows: dict[str, list[TrustedPasskey]] = defaultdict(list)
    for row in TrustedPasskey.objects.filter(user=user).select_related("team").order_by("team__name"):
        rows[row.credential_id].append(row)
    found = {one.pk: rows[services.credential_id(one)] for one in passkeys.registered(user)}
    return defaultdict(list, found)
