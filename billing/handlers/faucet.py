"""Drawing test money (contract: identity 4.1). The drip lands a moment later, so the balance is watched in ticks."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing.handlers.chains import balance_of
from billing.handlers.mirror import wallet_of, write_balance
from billing.services import FAUCET_PAUSE
from core.errors import NextStep, Refusal
from core.ui.money import usd
from operations.reconciling import Outcome, did_not_happen, happened, looks, still_unknown
from operations.registry import kind
from operations.work import Later, Work
from run402.errors import RateLimited, TransportError
from teams.permissions import Action
from wallets import signer
from wallets.models import Wallet

MOST_TICKS = 30
TICK_SECONDS = 1.0
MOST_ASKS = 4


#: The drip lands a moment later, so an unchanged balance says “no” only after so many looks.
LOOKS_FOR_NO = 2


def what_became_of_it(work: Work) -> Outcome:
    """Read the balance: test money that came is there to see."""
    before = work.checkpoints.get("before")
    if before is None:
        return did_not_happen()
    wallet = wallet_of(work.operation)
    with work.client(admit=False) as client:
        micros = balance_of(client, wallet)
    write_balance(wallet, micros)
    if micros > int(before):
        drawn = work.checkpoints.get("drawn") or ""
        return happened({"balance_micros": micros, "transaction": drawn}, _("The test money has arrived."))
    if looks(work) < LOOKS_FOR_NO:
        return still_unknown(_("The chain shows no new money yet."))
    return did_not_happen(_("No test money has arrived."))


@kind(
    "wallet.faucet",
    gettext_lazy("Ask the faucet"),
    action=Action.WALLET_FUND,
    reconcile=what_became_of_it,
)
def draw(work: Work) -> dict[str, Any]:
    """Ask once, then look until the balance has grown."""
    wallet = wallet_of(work.operation)
    with work.client() as client:
        if "before" not in work.checkpoints:
            work.checkpoint(before=balance_of(client, wallet))
        if "drawn" not in work.checkpoints:
            work.stop_if_cancelled()
            _ask(work, client, wallet)
        return _watch(work, client, wallet)


def _ask(work: Work, client: run402.Client, wallet: Wallet) -> None:
    """Ask, remembering that we did: after a broken connection “too soon” may mean that the first time worked."""
    asks = int(work.checkpoints.get("asks", 0)) + 1
    work.checkpoint(asks=asks)
    work.phase(_("Asking"))
    if wallet.pays_by_mpp:
        _ask_tempo(work, wallet)
        return
    try:
        drip = client.faucet.draw(wallet.address, idempotency_key=work.operation.idempotency_key)
    except TransportError:
        if asks < MOST_ASKS:
            raise Later(2.0**asks) from None
        raise
    except RateLimited as error:
        _pause(wallet, error)
        if asks == 1:
            raise _too_soon(error) from None
        work.checkpoint(drawn="")
        return
    Wallet.objects.filter(pk=wallet.pk).update(faucet_at=timezone.now())
    work.checkpoint(drawn=drip.transaction_hash or "", micros=drip.amount_micros)
    work.event(_("The faucet sent %(sum)s of test money.") % {"sum": usd(drip.amount_micros)})


def _ask_tempo(work: Work, wallet: Wallet) -> None:
    """Ask Tempo's own faucet (contract: identity 4.1), which names transactions and no sum. Asking twice gives more."""
    with signer.tempo() as chain:
        hashes = chain.fund(wallet.address)
    Wallet.objects.filter(pk=wallet.pk).update(faucet_at=timezone.now())
    work.checkpoint(drawn=hashes[0] if hashes else "")
    work.event(_("Tempo's faucet sends test money."))


def _pause(wallet: Wallet, error: RateLimited) -> None:
    """Keep the button shut until the faucet's own time, or a day from now when it named none."""
    left = FAUCET_PAUSE if error.retry_after is None else timedelta(seconds=error.retry_after)
    Wallet.objects.filter(pk=wallet.pk).update(faucet_at=timezone.now() + left - FAUCET_PAUSE)


def _too_soon(error: RateLimited) -> Refusal:
    hours = math.ceil((error.retry_after or FAUCET_PAUSE.total_seconds()) / 3600)
    sentence = _(
        "The faucet gave to this wallet, or to this server, within the last 24 hours. Ask it again in %(hours)s h."
    )
    return Refusal(
        "FAUCET_PAUSE",
        sentence % {"hours": hours},
        next_steps=[NextStep("wait", _("Wait, or send test USDC on Base Sepolia to the wallet's address"))],
    )


def _watch(work: Work, client: run402.Client, wallet: Wallet) -> dict[str, Any]:
    micros = balance_of(client, wallet)
    write_balance(wallet, micros)
    ticks = int(work.checkpoints.get("ticks", 0)) + 1
    if micros <= int(work.checkpoints["before"]):
        if ticks < MOST_TICKS:
            work.checkpoint(ticks=ticks)
            raise Later(TICK_SECONDS, _("Waiting for the chain"))
        work.event(_("The chain does not show the money yet. The wallet's page will, once it does."))
    return {"balance_micros": micros, "transaction": work.checkpoints["drawn"]}
