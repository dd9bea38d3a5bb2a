"""Taking a freeze off. The passkeys that confirmed it were checked before this runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.record import SYSTEM
from billing import freezes
from billing.handlers.mirror import wallet_of
from core.errors import Refusal
from operations.models import Operation
from operations.registry import Guard, kind
from operations.work import Work
from teams.models import User
from teams.permissions import Action, still_allowed
from wallets import unfreezing
from wallets.models import Freeze, Unfreezing


@kind(
    freezes.UNFREEZE,
    gettext_lazy("Unfreeze a wallet"),
    action=Action.WALLET_UNFREEZE,
    guard=Guard.PASSKEY,
    statement=freezes.statement,
)
def unfreeze(work: Work) -> dict[str, Any]:
    """Take one person's word: the second one lifts the freeze, the first one waits and is told to the others."""
    user = work.operation.actor
    if user is None:
        raise LookupError("a person unfreezes")
    with transaction.atomic():
        if "said" in work.checkpoints:
            return {"said": work.checkpoints["said"]}
        agreed = unfreezing.agree(_freeze(work), user=user)
        if agreed.waiting is not None:
            _wait(work, agreed.waiting)
        said = "lifted" if agreed.lifted else "waits"
        work.checkpoint(said=said)
    return {"said": said}


def _freeze(work: Work) -> Freeze:
    found = Freeze.objects.select_related("wallet__team", "wallet__gateway")
    frozen = found.filter(pk=work.args["freeze"], wallet=wallet_of(work.operation)).first()
    if frozen is None:
        raise Refusal("FREEZE_LIFTED", _("This freeze is not there any more."))
    return frozen


def _wait(work: Work, one: Unfreezing) -> None:
    freezes.tell_asked(one)
    if one.due_at is None:
        work.event(_("Your word is kept. The wallet pays again when a second person has confirmed it."))
        return
    freezes.plan_fall(one)
    when = one.due_at.strftime("%H:%M")
    work.event(_("Nobody else can confirm. The wallet pays again at %(when)s UTC.") % {"when": when})


def ask_anew(operation: Operation) -> None:
    """Let the freeze be asked about again when its hour was cancelled, or could not lift it."""
    rows = Unfreezing.objects.filter(pk=operation.args["unfreezing"], stopped_at=None, freeze__lifted_at=None)
    for one in rows.select_related("freeze__wallet"):
        unfreezing.stop(one, actor=SYSTEM)


@kind(
    freezes.DUE,
    gettext_lazy("Unfreeze a wallet after an hour"),
    action=Action.WALLET_UNFREEZE,
    on_end=ask_anew,
)
def fall_due(work: Work) -> dict[str, Any]:
    """Lift what one person confirmed an hour ago, if nobody stopped it and the person may still want it."""
    one = Unfreezing.objects.select_related("freeze__wallet__team").filter(pk=work.args["unfreezing"]).first()
    if one is None or one.freeze.wallet_id != wallet_of(work.operation).pk:
        raise Refusal("UNFREEZE_OVER", _("Nothing was about to unfreeze this wallet."))
    wallet, person = one.freeze.wallet, User.objects.filter(pk=one.by_id).first()
    action = Action.WALLET_UNFREEZE
    if person is None or not still_allowed(person, wallet.team, action, wallet_id=wallet.pk):
        raise Refusal("NOT_ALLOWED", _("Who confirmed this may not do so any more. The wallet stays frozen."))
    return {"lifted": unfreezing.fall_due(one)}
