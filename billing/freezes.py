"""Freezing a wallet at once, and letting it go again: two people with passkeys, or one and an hour."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.limits import about
from core import happenings
from core.errors import Refusal
from core.happenings import Happening
from operations import queue
from operations.models import Operation
from operations.queue import Request
from teams.models import User
from teams.permissions import Action, NotAllowed, still_allowed
from wallets import freezing, unfreezing
from wallets.models import Freeze, Unfreezing, Wallet

UNFREEZE = "wallet.unfreeze"
DUE = "wallet.unfreeze_due"


def freeze_wallet(*, wallet: Wallet, actor: User, why: str) -> Freeze:
    """Freeze it now and tell whoever may do the same.

    Raises Refusal without a reason, NotAllowed without the right: no queue asks for it here.
    """
    _require(wallet, actor, Action.WALLET_FREEZE)
    if not wallet.is_ready:
        raise _not_ready()
    with transaction.atomic():
        frozen = freezing.freeze(wallet, actor=actor.actor, why=why)
        title = _("%(name)s was frozen by %(who)s") % {"name": wallet.label, "who": actor.label}
        _tell(frozen, "", title, _("It pays nothing until it is let go again."), detail=frozen.why)
    return frozen


def ask_to_unfreeze(*, wallet: Wallet, actor: User) -> Operation:
    """Ask for it; it waits for the asker's passkey. Raises Refusal for a wallet that nothing holds."""
    frozen = freezing.active(wallet)
    if frozen is None:
        raise Refusal("WALLET_NOT_FROZEN", _("This wallet is not frozen any more."))
    return queue.submit(
        Request(
            kind=UNFREEZE,
            title=_("Unfreeze %(name)s") % {"name": wallet.label},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=actor,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet", args=[wallet.pk]),
            args={"freeze": str(frozen.pk)},
        )
    )


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what the asker confirms."""
    frozen = Freeze.objects.filter(pk=operation.args.get("freeze"), wallet=operation.wallet_id).first()
    held = freezing.said(frozen) if frozen else _("This freeze is not there any more.")
    return [
        *about(operation),
        (_("Now"), held),
        (_("You confirm"), _("that it may pay again, inside its limits")),
        (_("Then"), _("somebody else confirms the same; where nobody else can, an hour passes first")),
    ]


def plan_fall(one: Unfreezing) -> Operation:
    """Put in line what lifts the freeze when its hour is over. Nothing waits in a worker meanwhile."""
    wallet = one.freeze.wallet
    return queue.submit(
        Request(
            kind=DUE,
            title=_("Unfreeze %(name)s after an hour") % {"name": wallet.label},
            team=wallet.team,
            gateway=wallet.gateway,
            actor=None,
            wallet=wallet,
            subject_id=wallet.pk,
            subject_url=reverse("billing:wallet", args=[wallet.pk]),
            unique_key=f"{DUE}/{one.pk}",
            delay=unfreezing.ALONE_FOR + timedelta(seconds=1),
            args={"unfreezing": str(one.pk)},
        )
    )


def tell_asked(one: Unfreezing) -> None:
    """Tell whoever could stop it, or confirm it too, that one person wants the wallet to pay again."""
    words = {"name": one.freeze.wallet.label, "who": one.by_label}
    if one.due_at is None:
        title = _("%(who)s wants to unfreeze %(name)s: a second person has to confirm") % words
    else:
        when = {**words, "when": one.due_at.strftime("%H:%M")}
        title = _("%(name)s pays again from %(when)s UTC, confirmed by %(who)s alone") % when
    _tell(one.freeze, str(one.pk), title, _("Its page has a button that keeps it frozen."))


def stop_unfreezing(*, wallet: Wallet, actor: User) -> None:
    """Keep the wallet frozen. Raises Refusal when nothing was about to free it, NotAllowed without the right."""
    _require(wallet, actor, Action.WALLET_FREEZE)
    one = waiting_for(wallet)
    if one is None:
        raise Refusal("UNFREEZE_OVER", _("Nothing was about to unfreeze this wallet."))
    unfreezing.stop(one, actor=actor.actor)


def waiting_for(wallet: Wallet) -> Unfreezing | None:
    """Return the word that waits for a second one or for its hour, as the rows say."""
    rows = Unfreezing.objects.filter(freeze__wallet=wallet, freeze__lifted_at=None, stopped_at=None)
    return rows.select_related("freeze__wallet").first()


def _require(wallet: Wallet, actor: User, action: Action) -> None:
    if not still_allowed(actor, wallet.team, action, wallet_id=wallet.pk):
        raise NotAllowed


def _not_ready() -> Refusal:
    return Refusal("WALLET_NOT_READY", _("This wallet is not ready yet."))


def _tell(frozen: Freeze, occurrence: str, title: str, text: str, detail: str = "") -> None:
    wallet = frozen.wallet
    happenings.tell(
        Happening(
            "wallet.frozen",
            object_id=str(frozen.pk),
            occurrence=occurrence,
            title=title,
            text=text,
            detail=detail,
            url=reverse("billing:wallet", args=[wallet.pk]),
            team_id=wallet.team_id,
            wallet_id=wallet.pk,
        )
    )
