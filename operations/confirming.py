"""What the page shows on which somebody confirms an operation with a passkey."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from operations import consent
from operations.models import Operation
from operations.registry import kind_label, kinds
from teams.models import Membership
from teams.permissions import allows
from wallets import assertions, passkeys, reveal
from wallets.limits import money_of
from wallets.models import TrustedPasskey


class Standing(enum.StrEnum):
    """Whether it can be confirmed, and else what is in the way."""

    READY = "ready"
    EXPIRED = "expired"
    #: Its answer opens only in the tab that asked for it.
    ELSEWHERE = "elsewhere"
    #: Owners can still refuse the passkey.
    TOO_NEW = "too_new"
    #: A passkey signs the person in, but no worker has let it in for this team and role.
    UNTRUSTED = "untrusted"
    NO_PASSKEY = "no_passkey"


@dataclass(frozen=True)
class ConsentPage:
    """One operation in words, and what the browser needs to ask the passkey for its word."""

    operation: Operation
    kind: str
    statement: tuple[tuple[str, str], ...]
    standing: Standing
    eligible_from: datetime | None
    challenge: str
    credentials: str
    rp_id: str
    in_tab: bool

    @property
    def is_ready(self) -> bool:
        return self.standing is Standing.READY

    @property
    def is_real_money(self) -> bool:
        """Real money would leave: the page looks like it."""
        network = str(self.operation.args.get("network", ""))
        return kinds.get(self.operation.kind).pays and money_of(network) == "real"


def consent_page(operation: Operation, membership: Membership, *, in_tab: bool = False) -> ConsentPage:
    """Return the page; `in_tab` when the tab that asked shows it, and stays."""
    kind = kinds.get(operation.kind)
    own = passkeys.of_team(operation.team).filter(user=membership.user)
    fitting = [passkey for passkey in own if allows(passkey.role, kind.action)]
    usable = [passkey for passkey in fitting if passkey.is_eligible]
    return ConsentPage(
        operation=operation,
        kind=kind_label(operation.kind),
        statement=tuple(consent.statement(operation)),
        standing=_standing(operation, membership, fitting, in_tab=in_tab or kind.result_for is None),
        eligible_from=min((passkey.eligible_from for passkey in fitting), default=None),
        challenge=reveal.encode(consent.digest(operation)),
        credentials=" ".join(passkey.credential_id for passkey in usable),
        rp_id=assertions.rp_id(),
        in_tab=in_tab,
    )


def _standing(
    operation: Operation, membership: Membership, fitting: Sequence[TrustedPasskey], *, in_tab: bool
) -> Standing:
    if operation.consent_until is None or operation.consent_until < timezone.now():
        return Standing.EXPIRED
    if not in_tab:
        return Standing.ELSEWHERE
    if any(passkey.is_eligible for passkey in fitting):
        return Standing.READY
    if fitting:
        return Standing.TOO_NEW
    return Standing.UNTRUSTED if passkeys.registered(membership.user) else Standing.NO_PASSKEY
