"""Switching how a wallet pays. The networks of its limits are what the gate believes, so only a worker writes them."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from audit.record import Subject, record
from billing import rails
from billing.handlers.wallet import asked_rail, locked
from core.errors import Refusal
from operations.registry import kind
from operations.work import Work
from teams.permissions import Action
from wallets import policies
from wallets.models import Wallet
from wallets.models.wallet import networks_on


@kind(rails.SWITCH, gettext_lazy("Switch how a wallet pays"), action=Action.WALLET_MANAGE)
def switch(work: Work) -> dict[str, Any]:
    """Write the limits anew for the other rail's networks, and the rail, in one transaction; the sums stay."""
    with transaction.atomic():
        wallet = locked(work)
        if "version" in work.checkpoints:
            return {"rail": work.args["rail"]}
        rail, networks = _asked(work, wallet)
        limits = policies.verified(wallet)
        if limits.real:
            raise rails.real_money(wallet)
        rails.refuse_if_open(wallet)
        policy = policies.write(wallet, dataclasses.replace(limits, networks=networks))
        wallet.rail, wallet.balance_micros, wallet.balance_at = rail, None, None
        wallet.save(update_fields=["rail", "balance_micros", "balance_at"])
        work.checkpoint(version=policy.version)
        _record(work, wallet, policy.version)
    return {"rail": wallet.rail}


def _asked(work: Work, wallet: Wallet) -> tuple[Wallet.Rail, tuple[str, ...]]:
    """Return the rail and its networks of test money. Raises Refusal: web could have been told anything."""
    rail = asked_rail(work)
    networks = networks_on(wallet.gateway, rail)[:1]
    if not networks:
        raise Refusal("RAIL_NOT_HERE", f"{rail} ends before {wallet.gateway.name}.")
    return rail, networks


def _record(work: Work, wallet: Wallet, version: int) -> None:
    record(
        "wallet.rail_switched",
        team_id=wallet.team_id,
        actor=work.actor,
        subject=Subject("wallet", str(wallet.pk), wallet.label),
        details={"rail": str(wallet.rail), "version": version},
    )
