"""Whom a team pays at a gateway: Cloud's address is built in, every other one is confirmed by an owner.

A sandbox takes play money: the first address it asks for is taken as it is, a different one later needs the owner too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import SYSTEM, Actor, Subject, record
from core.errors import NextStep, Refusal
from run402 import mpp, x402
from run402.errors import PaymentRefused
from run402.mpp.tempo import is_address
from teams.models import Team
from wallets import macs
from wallets.models import Gateway, Payee, Wallet

#: Run402 Cloud's address, as its own challenges name it (contract: identity 3.3).
BUILT_IN = {"https://api.run402.com": "0x059D091D51a0f011c9872EaA63Df538F5cE15945"}
PAGE = "/payees"


def covered(row: Payee) -> bytes:
    """Return the bytes under the MAC: the address, and for which team at which gateway it counts."""
    fields = [str(row.team_id), row.gateway_id, row.gateway.url, row.address.lower()]
    return json.dumps(["run402-panel/payee/v1", *fields], separators=(",", ":")).encode()


def built_in(gateway: Gateway) -> str:
    """Return the address that the panel knows for a gateway by itself; empty for most."""
    return BUILT_IN.get(gateway.url, "")


def known(team_id: Any, gateway: Gateway) -> str:
    """Return the address that is paid; empty when there is none yet. Raises Refusal for one no worker wrote."""
    row = Payee.objects.select_related("gateway").filter(team=team_id, gateway=gateway).first()
    if row is None or not row.address:
        return built_in(gateway)
    if not macs.holds(bytes(row.mac), covered(row)):
        raise Refusal(
            "PAYEE_TAMPERED",
            _("The address that is paid at %(gateway)s was not written by a worker. Nothing is paid.")
            % {"gateway": gateway.name},
        )
    return row.address


def is_stated(wallet: Wallet, address: str) -> bool:
    """Say whether an address is the one that the team pays at the wallet's gateway, as the rows say: for pages."""
    row = Payee.objects.filter(team=wallet.team_id, gateway=wallet.gateway_id).first()
    present = row.address if row and row.address else built_in(wallet.gateway)
    return bool(present) and present.lower() == address.lower()


def trust(team: Team, gateway: Gateway, address: str, *, actor: Actor) -> Payee:
    """Pay this address from now on. Needs a worker's environment."""
    with transaction.atomic():
        row = _row(team, gateway)
        row.address, row.seen, row.seen_at = address, "", None
        row.confirmed_at, row.confirmed_by = timezone.now(), actor.label
        row.mac = macs.compute(covered(row))
        row.save()
        subject = Subject("payee", str(row.pk), gateway.name)
        record("payee.confirmed", team_id=team.pk, actor=actor, subject=subject, details={"address": address})
    return row


def note(team: Team, gateway: Gateway, address: str) -> None:
    """Remember what a gateway asked for that nobody has confirmed, for an owner to look at."""
    with transaction.atomic():
        row = _row(team, gateway)
        if row.seen.lower() != address.lower():
            row.seen, row.seen_at = address, timezone.now()
            row.save(update_fields=["seen", "seen_at"])
            subject = Subject("payee", str(row.pk), gateway.name)
            details = {"address": address}
            record("payee.stranger", team_id=team.pk, actor=SYSTEM, subject=subject, details=details)


def _row(team: Team, gateway: Gateway) -> Payee:
    """Return the team's row, locked; the first one to ask makes it."""
    Payee.objects.get_or_create(team=team, gateway=gateway)
    return (
        Payee.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(team=team, gateway=gateway)
    )


@dataclass(frozen=True)
class KnownPayee:
    """Pays within a cap, and nobody but whom the team knows (an `x402.Policy`)."""

    cap: x402.CapPolicy
    wallet: Wallet

    def choose(self, challenge: x402.Challenge, *, asked_url: str) -> Mapping[str, Any]:
        """Return the requirement to pay. Raises Refusal for a stranger, PaymentRefused for everything else."""
        team, gateway = self.wallet.team, self.wallet.gateway
        present = known(team.pk, gateway)
        if not present and gateway.is_sandbox:
            requirement = self.cap.choose(challenge, asked_url=asked_url)
            trust(team, gateway, str(requirement["payTo"]), actor=SYSTEM)
            return requirement
        strict = replace(self.cap, pay_to=frozenset({present} if present else ()))
        try:
            return strict.choose(challenge, asked_url=asked_url)
        except PaymentRefused:
            if stranger := _stranger(strict, challenge):
                note(team, gateway, stranger)
                raise _refused(gateway, present, stranger) from None
            raise


@dataclass(frozen=True)
class KnownRecipient(mpp.CapPolicy):
    """The same for MPP. No sandbox asks for that, so nobody is trusted at first sight."""

    wallet: Wallet | None = None

    def choose(self, charges: Sequence[mpp.Charge], *, now: float) -> mpp.Charge:
        """Return the charge to pay. Raises Refusal for a stranger, PaymentRefused for everything else."""
        if self.wallet is None:
            raise LookupError("somebody's wallet pays")
        gateway = self.wallet.gateway
        present = known(self.wallet.team_id, gateway)
        strict = mpp.CapPolicy(
            max_micros=self.max_micros,
            max_fee_micros=self.max_fee_micros,
            recipients=frozenset({present} if present else ()),
        )
        try:
            return strict.choose(charges, now=now)
        except PaymentRefused:
            offers = (one for one in charges if strict.objections(one, now=now) == ["recipient"])
            stranger = next((str(one.request["recipient"]) for one in offers), "")
            if is_address(stranger):
                note(self.wallet.team, gateway, stranger)
                raise _refused(gateway, present, stranger) from None
            raise


def _stranger(strict: x402.CapPolicy, challenge: x402.Challenge) -> str:
    """Return the address of an offer that is right in everything else; empty when there is none."""
    offers = (offer for offer in challenge.accepts if strict.objections(offer) == ["payTo"])
    return next((str(offer["payTo"]) for offer in offers), "")


def _refused(gateway: Gateway, present: str, stranger: str) -> Refusal:
    facts = {"gateway": gateway.name, "new": stranger, "old": present}
    step = NextStep("review_payee", _("Compare the addresses"), PAGE)
    if not present:
        said = _("%(gateway)s wants to be paid at %(new)s, which no owner has confirmed. Nothing was signed.")
        return Refusal("PAYEE_UNCONFIRMED", said % facts, details=facts, next_steps=[step])
    said = _("%(gateway)s wants to be paid at %(new)s instead of %(old)s. Nothing was signed.")
    return Refusal("PAYEE_CHANGED", said % facts, details=facts, next_steps=[step])
