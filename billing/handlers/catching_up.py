"""A wallet that came out of a backup reads what it spent since, and only then pays again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import run402
from billing.handlers.mirror import networks_seen, wallet_of
from billing.handlers.outside import enter_debits
from billing.handlers.settling import look_up
from billing.services import CATCH_UP, refresh_wallet
from core.errors import NextStep, Refusal
from core.ui.money import usd
from operations.models import Operation, Reason, State
from operations.registry import SYNC, kind
from operations.work import Later, Work
from run402.errors import BalanceUnknown
from run402.resources.billing import LedgerIncomplete
from run402.resources.transfers import Sent
from run402.x402.policy import MAX_TIMEOUT_SECONDS
from teams.permissions import Action
from wallets import outside
from wallets.models import Payment, Wallet
from wallets.outside import Unfinished

#: What was signed before the restore can settle for so long; clocks differ by a minute at most.
SETTLES_WITHIN = timedelta(seconds=MAX_TIMEOUT_SECONDS + 60)
#: Clocks differ: transfers from a little before the backup are looked at too, and those that are known are left.
BEFORE = timedelta(minutes=10)
PAUSE = 15.0
#: What a payment of these kinds is for; rooms above ask for some of them, so they stand here by name.
COSTS = {"tier.set": Payment.Cost.TIER, "job.submit": Payment.Cost.JOB}


# Runs on while stopped: it only reads the chain, and an operator waits for it before anything goes on.
@kind(
    CATCH_UP,
    gettext_lazy("Read what a wallet spent"),
    action=Action.PROJECT_SYNC,
    queue=SYNC,
    mutates=False,
    runs_halted=True,
)
def catch_up(work: Work) -> dict[str, Any]:
    """Enter what left the wallet since the backup, close what was signed before it, and let the wallet pay again."""
    wallet = wallet_of(work.operation)
    if not wallet.is_frozen:
        return {}
    if wallet.pays_by_mpp:
        # Transfers on Base can be listed by the panel, those on Tempo cannot.
        said = _("What %(name)s spent on Tempo since the backup cannot be read here, so it stays frozen.")
        raise _unreadable(wallet, said)
    with work.client(sign=False, admit=False) as client:  # the chain alone, until all of it is known
        sent = [
            (network, one)
            for network in networks_seen(wallet)
            for one in _read(work, client, wallet, network)
        ]
        entered = [one for one in (_enter(work, wallet, *transfer) for transfer in sent) if one]
        for payment in _signed(wallet):
            look_up(work, client, payment)
    entered += _debits(work, wallet)
    outside.thaw(wallet, entered=len(entered))
    refresh_wallet(wallet=wallet)
    return {"transfers": len(sent), "entered": len(entered)}


def _unreadable(wallet: Wallet, said: str) -> Refusal:
    """Return why it stays frozen; another wallet is the way on."""
    return Refusal(
        "SPENT_UNREADABLE",
        said % {"name": wallet.label, "gateway": wallet.gateway.name},
        next_steps=[
            NextStep(
                "replace",
                _("Replace it by a new wallet"),
                reverse("billing:wallet_replace", args=[wallet.pk]),
            )
        ],
    )


def _read(work: Work, client: run402.Client, wallet: Wallet, network: str) -> tuple[Sent, ...]:
    """Return what left the wallet until nothing signed before the restore can settle any more."""
    if wallet.frozen_at is None or wallet.unread_from is None:
        raise LookupError("only a frozen wallet catches up")
    since = int((wallet.unread_from - BEFORE).timestamp())
    until = int((wallet.frozen_at + SETTLES_WITHIN).timestamp())
    try:
        return client.transfers.sent(network, wallet.address, since=since, until=until)
    except BalanceUnknown as error:
        if "looked" not in work.checkpoints:
            work.checkpoint(looked=True)
            facts = {"until": f"{wallet.frozen_at + SETTLES_WITHIN:%H:%M:%S}", "why": _why(error)}
            said = _(
                "Nothing signed before the restore can settle after %(until)s UTC. Reading until then: %(why)s."
            )
            work.event(said % facts)
        raise Later(PAUSE, "settle") from None


def _debits(work: Work, wallet: Wallet) -> list[Payment]:
    """Enter what Run402's own ledger shows beyond the chain: what the prepaid balance paid since the backup."""
    if wallet.unread_from is None:
        raise LookupError("only a frozen wallet catches up")
    try:
        with work.client() as client:
            return enter_debits(
                client, wallet, wallet.unread_from - BEFORE, timezone.now(), _unfinished(wallet)
            )
    except LedgerIncomplete:
        said = _("%(gateway)s does not show its ledger back to the backup, so %(name)s stays frozen.")
        raise _unreadable(wallet, said) from None


def _why(error: BalanceUnknown) -> str:
    return "; ".join(dict.fromkeys(str(reason) for reason in error.details.get("reasons", ())))


def _enter(work: Work, wallet: Wallet, network: str, sent: Sent) -> Payment | None:
    payment = outside.enter(wallet, network, sent, _unfinished(wallet))
    if payment is not None:
        facts = {"sum": usd(sent.micros, exact=True), "payee": sent.recipient, "what": payment.purpose}
        work.event(_("Found: %(sum)s went to %(payee)s. %(what)s.") % facts)
    return payment


def _unfinished(wallet: Wallet) -> list[Unfinished]:
    """Return the operations under review that may have paid after the backup, with the most that they may."""
    held = Operation.objects.filter(wallet=wallet, state=State.WAITING, reason=Reason.REVIEW)
    found = [(operation, _price(operation)) for operation in held.order_by("created_at")]
    return [
        Unfinished(
            operation.pk, operation.kind, operation.title, price, _cost(operation), _network(operation)
        )
        for operation, price in found
        if price
    ]


def _cost(operation: Operation) -> str:
    return COSTS.get(operation.kind, Payment.Cost.OTHER)


def _network(operation: Operation) -> str:
    return str(operation.args.get("network") or "")


def _price(operation: Operation) -> int:
    """Return what was shown to the person: a tier's price, or that of a plan."""
    return int(operation.args.get("micros") or operation.checkpoints.get("price_micros") or 0)


def _signed(wallet: Wallet) -> list[Payment]:
    """Return the payments that were signed before the backup and have no end yet."""
    states = [Payment.State.SIGNED, Payment.State.UNKNOWN]
    return list(Payment.objects.filter(wallet=wallet, state__in=states).select_related("wallet__gateway"))
