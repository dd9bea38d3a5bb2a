"""Writes and checks spending policies. The MAC key lives in the worker's environment only (ARCHITECTURE, rule 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Refusal
from wallets import macs
from wallets.models import SpendPolicy, Wallet
from wallets.vault import Locked, put_back

DEFAULT_PER_PAYMENT_MICROS = 1_000_000
DEFAULT_PER_DAY_MICROS = 2_000_000
#: No limit is ever raised above this, whoever asks.
MOST_MICROS = 10_000_000_000


@dataclass(frozen=True)
class Limits:
    """What a wallet may spend, in USDC micros, and where."""

    per_payment_micros: int
    per_day_micros: int
    networks: tuple[str, ...]


@transaction.atomic
def write(wallet: Wallet, limits: Limits) -> SpendPolicy:
    """Write the wallet's next policy version with its MAC. Needs a worker's environment."""
    present = SpendPolicy.objects.select_for_update().filter(wallet=wallet).first()
    policy = present or SpendPolicy(wallet=wallet, version=0)
    policy.version += 1
    policy.per_payment_micros = limits.per_payment_micros
    policy.per_day_micros = limits.per_day_micros
    policy.networks = list(limits.networks)
    policy.mac = macs.compute(covered(policy))
    policy.save()
    return policy


def verified(wallet: Wallet) -> Limits:
    """Return the wallet's limits after checking the MAC; raise Refusal when the row is missing or was tampered with."""
    policy = SpendPolicy.objects.select_related("wallet").filter(wallet=wallet).first()
    if policy is None:
        raise Refusal("POLICY_MISSING", _("This wallet has no spending limits yet, so it cannot pay."))
    if not macs.holds(bytes(policy.mac), covered(policy)):
        raise _not_genuine(policy)
    return Limits(policy.per_payment_micros, policy.per_day_micros, tuple(policy.networks))


def _not_genuine(policy: SpendPolicy) -> Refusal:
    """Say why the limits do not count: this worker lacks their key, or somebody wrote past the workers."""
    if macs.names_an_absent_key(bytes(policy.mac)):
        return Locked(
            _(
                "The limits of this wallet were marked with a key that this worker does not hold. Nothing is paid."
            ),
            put_back(macs.KEYSET),
        )
    return Refusal(
        "POLICY_TAMPERED",
        _("The spending limits of this wallet were not written by a worker. Nothing can be paid with it."),
    )


def covered(policy: SpendPolicy) -> bytes:
    """Return the bytes under the MAC: limits, version, the wallet they belong to and the team that owns it."""
    wallet = policy.wallet
    fields: list[Any] = [
        str(wallet.pk),
        str(wallet.team_id),
        wallet.address.lower(),
        policy.version,
        policy.per_payment_micros,
        policy.per_day_micros,
        policy.networks,
    ]
    return json.dumps(["run402-panel/policy/v2", *fields], separators=(",", ":")).encode()
