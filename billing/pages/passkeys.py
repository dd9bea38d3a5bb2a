"""The passkeys that may confirm in a team, and the answer a wallet's export page gives."""

from __future__ import annotations

from dataclasses import dataclass

from billing import passkeys as services
from billing import selectors
from operations.models import Operation
from teams.models import Membership
from teams.permissions import Action, allows
from wallets import passkeys
from wallets.models import TrustedPasskey


@dataclass(frozen=True)
class PasskeyRow:
    """One passkey, and whether the member who looks may refuse it."""

    passkey: TrustedPasskey
    may_refuse: bool


@dataclass(frozen=True)
class PasskeysPage:
    """The team's passkeys. `can_ask`: the member has one that is not in for this team yet."""

    rows: tuple[PasskeyRow, ...]
    op: Operation | None
    confirms: bool
    has_own: bool
    can_ask: bool


def passkeys_page(membership: Membership) -> PasskeysPage:
    """Return the page for a member, with what a worker lets in of theirs now: it is read first."""
    op = selectors.asked_lately(membership.reach, services.TRUST, by=membership.user)
    manages, me = allows(membership.role, Action.OWNERS_MANAGE), membership.user_id
    found = list(passkeys.of_team(membership.team))
    return PasskeysPage(
        rows=tuple(PasskeyRow(passkey, manages or passkey.user_id == me) for passkey in found),
        op=op,
        confirms=services.confirms(membership),
        has_own=any(passkey.user_id == me for passkey in found),
        can_ask=bool(services.not_in_yet(membership)),
    )
