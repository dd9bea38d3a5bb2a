"""Making and importing wallets, and writing their limits. Only here is a wallet key ever in the clear."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from audit.record import Subject, record
from billing.handlers import troubles
from billing.handlers.mirror import wallet_of
from billing.lookalikes import lookalikes_of
from core.errors import NextStep, Refusal
from operations.models import Operation
from operations.registry import kind
from operations.work import Work
from teams.models import Team
from teams.permissions import Action
from teams.reach import Reach
from wallets import keystores, policies, signer, vault
from wallets.limits import Limits, is_raise, make_sense
from wallets.models import SpendPolicy, Wallet


def forget_unmade(operation: Operation) -> None:
    """Mark the wallet of a failed attempt, and forget the key that came with it."""
    unmade = Wallet.objects.filter(pk=wallet_of(operation).pk, state=Wallet.State.MAKING)
    unmade.update(state=Wallet.State.FAILED, key_sealed=b"")


@kind("wallet.create", gettext_lazy("Make a wallet"), action=Action.WALLET_MANAGE, on_end=forget_unmade)
def create(work: Work) -> dict[str, Any]:
    """Make a key, seal it, write the limits: one transaction, so that a crash leaves nothing behind."""
    with transaction.atomic():
        wallet = locked(work)
        if wallet.is_ready:
            return _made(wallet)
        _require_unmade(wallet)
        _finish(wallet, run402.new_key(), work)
    return _made(wallet)


@kind("wallet.import", gettext_lazy("Import a wallet"), action=Action.WALLET_MANAGE, on_end=forget_unmade)
def import_(work: Work) -> dict[str, Any]:
    """Open the key that web sealed, check it, and seal it again under its address."""
    key = _arrived(wallet_of(work.operation))
    with transaction.atomic():
        Team.objects.select_for_update().get(
            pk=work.operation.team_id
        )  # no other wallet of it arrives meanwhile
        wallet = locked(work)
        if wallet.is_ready:
            return _made(wallet)
        _require_unmade(wallet)
        if wallet.gateway.is_sandbox:
            raise Refusal("WALLET_NOT_FOR_SANDBOX", _("An imported wallet signs nothing for a sandbox."))
        _check_imported(wallet, key, str(work.args["claimed_address"]))
        _finish(wallet, key, work)
    _warn_of_lookalikes(wallet, work)
    return _made(wallet)


def _warn_of_lookalikes(wallet: Wallet, work: Work) -> None:
    for one in lookalikes_of(wallet, Reach(wallet.team_id)):
        words = {"whose": one.whose, "address": one.address}
        work.event(
            _("Careful: it looks like %(address)s (%(whose)s). Compare all characters.") % words, "warning"
        )


def _arrived(wallet: Wallet) -> bytes:
    """Return the key that web sealed, alone or in a keystore: opening one takes too long for a transaction."""
    if wallet.is_ready:
        return b""
    _require_unmade(wallet)
    return keystores.key_in(vault.unseal(bytes(wallet.key_sealed), signer.import_context(wallet.pk)))


# Runs on while stopped: it asks no gateway, and lower limits only make things safer.
@kind(
    "wallet.limits",
    gettext_lazy("Lower a wallet's limits"),
    action=Action.WALLET_MANAGE,
    runs_halted=True,
)
def lower_limits(work: Work) -> dict[str, Any]:
    """Write lower limits. Higher ones are refused here too: web could have been told anything."""
    with transaction.atomic():
        wallet = locked(work)
        if "version" in work.checkpoints:  # higher ones may have been confirmed since
            return {"version": work.checkpoints["version"]}
        now = policies.verified(wallet)
        asked = asked_limits(work, policies.networks_like(now, wallet.gateway))
        if is_raise(now, asked):
            raise Refusal(
                "LIMIT_RAISED", _("Raising a limit needs a passkey. Ask for it on the page of the limits.")
            )
        policy = policies.write(wallet, asked)
        work.checkpoint(version=policy.version)
        limits = {"per_payment_micros": asked.per_payment_micros, "per_day_micros": asked.per_day_micros}
        _record("wallet.limits_written", wallet, work, version=policy.version, **limits)
    return {"version": policy.version}


def locked(work: Work) -> Wallet:
    return (
        Wallet.objects.select_for_update(of=("self",))
        .select_related("gateway")
        .get(pk=wallet_of(work.operation).pk)
    )


def _require_unmade(wallet: Wallet) -> None:
    """Refuse to give a second key, or new limits, to a wallet that ever had some."""
    if wallet.state != Wallet.State.MAKING or SpendPolicy.objects.filter(wallet=wallet).exists():
        raise Refusal("WALLET_MADE", _("This wallet was made before. Its key and limits stay as they are."))


def asked_rail(work: Work) -> Wallet.Rail:
    """Return the rail that an operation names, which this worker has to be able to take."""
    try:
        rail = Wallet.Rail(str(work.args.get("rail") or Wallet.Rail.X402))
    except ValueError:
        raise Refusal("RAIL_UNKNOWN", "There is no such rail.") from None
    if rail == Wallet.Rail.MPP and not signer.can_pay_by_mpp():
        raise troubles.no_extra()
    return rail


def _check_imported(wallet: Wallet, key: bytes, claimed: str) -> None:
    try:
        address = run402.address_of(key)
    except ValueError:
        said = _("This is no private key: the number is zero, or too large to be one.")
        raise Refusal("KEY_INVALID", said, hint=_("Nothing was kept."), next_steps=[_again()]) from None
    if claimed and claimed.lower() != address.lower():
        raise Refusal(
            "KEY_ADDRESS_MISMATCH",
            _("The key belongs to another address than the one that was given with it. Nothing was kept."),
            next_steps=[_again()],
        )
    double = Wallet.objects.filter(team=wallet.team_id, address__iexact=address).exclude(pk=wallet.pk).first()
    if double is not None:
        url = reverse("billing:wallet", args=[double.pk])
        raise Refusal(
            "WALLET_KNOWN",
            _("Your team has this wallet already: it is called %(name)s.") % {"name": double.label},
            next_steps=[NextStep("open_wallet", _("Open %(name)s") % {"name": double.label}, url)],
        )


def _again() -> NextStep:
    return NextStep("import_again", _("Import it again"), reverse("billing:wallet_import"))


def _finish(wallet: Wallet, key: bytes, work: Work) -> None:
    wallet.address = run402.address_of(key)
    wallet.key_sealed = vault.seal(key, signer.key_context(wallet))
    wallet.state, wallet.rail = Wallet.State.READY, asked_rail(work)
    wallet.save(update_fields=["address", "key_sealed", "state", "rail"])
    asked = asked_limits(work, _networks(wallet))
    if asked.real:
        raise Refusal("LIMIT_RAISED", _("Real money is allowed with a passkey, once the wallet is made."))
    policy = policies.write(wallet, asked)
    _record("wallet.made", wallet, work, address=wallet.address, version=policy.version)


def _networks(wallet: Wallet) -> tuple[str, ...]:
    """Return what a new wallet pays on. Raises Refusal where its rail does not end at its gateway."""
    if not wallet.networks:
        raise Refusal(
            "RAIL_NOT_HERE", _("Nothing is paid by MPP at %(gateway)s.") % {"gateway": wallet.gateway.name}
        )
    return wallet.networks


def asked_limits(work: Work, networks: tuple[str, ...]) -> Limits:
    """Return the limits that an operation asks for. Raises Refusal for what makes no sense: web could send anything."""
    try:
        asked = Limits.from_args(work.args, networks)
    except ValueError:
        asked = None
    if asked is None or not make_sense(asked):
        raise Refusal(
            "LIMITS_SENSELESS",
            _(
                "These limits make no sense: each is at most $10,000.00, and none is above that of a longer time."
            ),
        )
    return asked


def _made(wallet: Wallet) -> dict[str, Any]:
    return {"address": wallet.address}


def _record(action: str, wallet: Wallet, work: Work, **details: str | int) -> None:
    subject = Subject("wallet", str(wallet.pk), wallet.label)
    record(action, team_id=wallet.team_id, actor=work.actor, subject=subject, details=details)
