"""Writing higher limits. The passkey that confirmed them was checked before this runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.record import Subject, record
from billing import limits
from billing.handlers.mirror import wallet_of
from billing.handlers.wallet import asked_limits
from core.errors import Refusal
from operations.registry import Guard, kind
from operations.work import Work
from teams.permissions import Action
from wallets import policies
from wallets.limits import Limits
from wallets.models import Wallet


@kind(
    limits.RAISE,
    gettext_lazy("Raise a wallet's limits"),
    action=Action.WALLET_RAISE,
    guard=Guard.PASSKEY,
    statement=limits.statement,
)
def raise_limits(work: Work) -> dict[str, Any]:
    """Write the limits that were confirmed, unless the present ones are others than the person saw."""
    with transaction.atomic():
        wallet = (
            Wallet.objects.select_for_update(of=("self",))
            .select_related("gateway")
            .get(pk=wallet_of(work.operation).pk)
        )
        if "version" in work.checkpoints:
            return {"version": work.checkpoints["version"]}
        asked = _asked(work, wallet)
        policy = policies.write(wallet, asked)
        work.checkpoint(version=policy.version)
        _record(wallet, work, asked, policy.version)
    return {"version": policy.version}


def _asked(work: Work, wallet: Wallet) -> Limits:
    now = policies.verified(wallet)
    if now.as_args() != work.args.get("now"):
        raise Refusal(
            "LIMITS_CHANGED", _("The limits have changed since you looked. Look at them, then ask again.")
        )
    return asked_limits(work, policies.networks_like(now, wallet.gateway))


def _record(wallet: Wallet, work: Work, asked: Limits, version: int) -> None:
    record(
        "wallet.limits_raised",
        team_id=wallet.team_id,
        actor=work.actor,
        subject=Subject("wallet", str(wallet.pk), wallet.label),
        details={
            "per_payment_micros": asked.per_payment_micros,
            "per_day_micros": asked.per_day_micros,
            "version": version,
            "operation": str(work.operation.pk),
        },
    )
