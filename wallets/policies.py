"""Writes and checks spending policies. The MAC key lives in the worker's environment only (ARCHITECTURE, rule 2)."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from audit.models import Event
from core.errors import Refusal
from wallets import macs
from wallets.limits import MOST_MICROS, Limits
from wallets.models import Gateway, SpendPolicy, Wallet
from wallets.models.gateway import TEMPO_MODERATO
from wallets.models.wallet import networks_on
from wallets.vault import Locked, put_back

DEFAULT_PER_PAYMENT_MICROS = 1_000_000
DEFAULT_PER_DAY_MICROS = 2_000_000
#: The entries of the record that name the version of the limits that was written.
WRITINGS = ("wallet.made", "wallet.limits_written", "wallet.limits_raised", "wallet.rail_switched")

__all__ = ["MOST_MICROS", "Limits"]


@transaction.atomic
def write(wallet: Wallet, limits: Limits) -> SpendPolicy:
    """Write the wallet's next policy version with its MAC. Needs a worker's environment."""
    present = SpendPolicy.objects.select_for_update().filter(wallet=wallet).first()
    policy = present or SpendPolicy(wallet=wallet, version=0)
    policy.version += 1
    policy.per_payment_micros = limits.per_payment_micros
    policy.per_day_micros = limits.per_day_micros
    policy.networks = list(limits.networks)
    policy.rules = limits.rules()
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
    if policy.version < _recorded_version(wallet):
        raise Refusal(
            "POLICY_OLD",
            _(
                "The spending limits of this wallet are older than the audit record knows. Nothing can be paid with it."
            ),
        )
    return stated(policy)


def networks_like(limits: Limits, gateway: Gateway) -> tuple[str, ...]:
    """Return the gateway's networks on the rail that verified limits are for: the wallet's row could say anything."""
    rail = Wallet.Rail.MPP if TEMPO_MODERATO in limits.networks else Wallet.Rail.X402
    return networks_on(gateway, rail)


def stated(policy: SpendPolicy) -> Limits:
    """Return the limits as their row says: for pages. Only a worker can tell whether they are genuine."""
    amounts = {"per_payment_micros": policy.per_payment_micros, "per_day_micros": policy.per_day_micros}
    return Limits.from_args({**amounts, **(policy.rules or {})}, tuple(policy.networks))


def _recorded_version(wallet: Wallet) -> int:
    """Return the newest version of the limits that the record names; 0 when it names none."""
    about = Event.objects.filter(
        chain_id=str(wallet.team_id), object_type="wallet", object_id=str(wallet.pk), action__in=WRITINGS
    )
    details = about.order_by("-seq").values_list("details", flat=True).first() or {}
    return int(details.get("version", 0))


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
    """Return the bytes under the MAC: all limits, version, the wallet they belong to and the team that owns it.

    A row from before there were rules keeps the form it was marked in; no row can pass for one of the other form.
    """
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
    if policy.rules is None:
        return json.dumps(["run402-panel/policy/v2", *fields], separators=(",", ":")).encode()
    marked = ["run402-panel/policy/v3", *fields, policy.rules]
    return json.dumps(marked, separators=(",", ":"), sort_keys=True).encode()
