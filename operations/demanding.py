"""The worker's side of a second person: ask for their word over a frozen document, and believe none of web's rows.

demand ──▶ request (marked) ──▶ waiting: approval ──▶ web decides ──▶ demand, reserve: the same document again
                └──▶ only the asker could approve ──▶ goes on after an hour (`approvals.sweep`)
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.models import Event
from core.errors import Refusal
from core.ui.money import usd
from operations import approvals, consent, documents, queue
from operations.documents import Ask
from operations.models import Approval, Reason
from operations.registry import kinds
from operations.work import Wait, Work
from teams.models import User
from teams.permissions import who_may
from wallets import assertions, macs, spending, thresholds
from wallets.assertions import Wanted
from wallets.limits import money_of
from wallets.models import Payment, Wallet
from wallets.models.passkey import in_utc
from wallets.spending import Charge

#: How long a request can be approved, and its approval be used.
REQUEST_FOR = timedelta(hours=24)
#: How long everybody has to stop what nobody but its asker could approve.
ALONE_FOR = timedelta(hours=1)
SEEN = "seen"


def reserve(work: Work, wallet: Wallet, charge: Charge, *, cost: str) -> Payment:
    """Ask again, as the last thing before the gate. Real money needs the asker's passkey, whatever its kind says.

    Raises LookupError for a kind that pays nothing, and what `demand`, `consent.demand` and the gate raise.
    """
    if not kinds.get(work.operation.kind).pays:
        raise LookupError(f"{work.operation.kind} is no kind that pays")
    if not spending.has_left(charge.operation_id):
        is_new = not spending.is_reserved(charge.operation_id)
        if money_of(charge.network) == "real":
            consent.demand(work.operation)
            _require_unspent(work, is_new=is_new)
            charge = replace(charge, confirmed=True)
        ask = Ask(wallet, charge.amount_micros, charge.network, cost, charge.purpose)
        approved = demand(work, ask)
        if approved and is_new:
            work.event(said_of(approved))
    return spending.reserve(wallet, charge)


def _require_unspent(work: Work, *, is_new: bool) -> None:
    """Refuse to reserve real money twice on one gesture, whatever became of the first row: the record names it."""
    reserved = Event.objects.filter(
        chain_id=str(work.operation.team_id),
        action="payment.reserved",
        details__operation=str(work.operation.pk),
    )
    if is_new and reserved.exists():
        raise Refusal(
            "PAYMENT_GONE",
            _(
                "The record says that this was reserved before, and the ledger has lost it. Nothing is signed."
            ),
        )


def demand(work: Work, ask: Ask) -> Approval | None:
    """Return the approval that covers exactly this, or None where it needs none.

    Raises Wait while somebody has to decide, and Refusal when the time for it is over.
    """
    above = thresholds.lowest(ask.wallet, ask.cost) if ask.wallet else None
    if above is None or ask.micros <= above:
        return None
    return demand_word(work, ask, _above(ask, above))


def demand_word(work: Work, ask: Ask, why: str) -> Approval:
    """Return the approval that covers exactly this, whatever it costs. `why` is said to who has to decide.

    Raises Wait while somebody has to decide, and Refusal when the time for it is over.
    """
    rows = Approval.objects.filter(operation=work.operation).exclude(state=Approval.State.REPLACED)
    present = rows.first()
    if present is None:
        raise _request(work, ask, [], why)
    _require_open(present)
    if other := _others(work, ask, present):
        said = _("It is not what was approved or asked for any more: %(what)s. It needs another approval.")
        raise _request(work, ask, other, said % {"what": ", ".join(other)}, present)
    if present.state == Approval.State.WAITING or (present.due_at and not present.by_id):
        return _after_the_hour(work, ask, present)
    if (trouble := _trouble(work, present)) is not None:
        raise _request(work, ask, [], trouble, present)
    return present


def said_of(approval: Approval) -> str:
    """Return by whom it was approved, or that nobody else could."""
    if not approval.by_id:
        return _("Nobody else could approve, and nobody stopped it for an hour.")
    return _("Approved by %(who)s.") % {"who": approval.by_label}


def _require_open(present: Approval) -> None:
    if present.state == Approval.State.DECLINED:
        raise Refusal("APPROVAL_DECLINED", _("This was declined. Nothing was paid."))
    if present.state == Approval.State.EXPIRED or present.expires_at < timezone.now():
        present.state = Approval.State.EXPIRED
        present.save(update_fields=["state"])
        raise Refusal(
            "APPROVAL_EXPIRED",
            _("The day in which this could be approved and paid is over. Nothing was paid."),
            hint=_("Ask again when somebody can approve."),
        )


def _others(work: Work, ask: Ask, present: Approval) -> list[str]:
    """Return in what the operation, as it stands now, differs from the request; nothing when no byte does."""
    if not macs.holds(bytes(present.mac), covered(present)):
        return [_("the request itself, which no worker wrote")]
    now = documents.of(work.operation, ask, present.expires_at)
    if documents.digest(now) == present.digest:
        return []
    return documents.differences(present.document, now)


def _trouble(work: Work, approval: Approval) -> str | None:
    """Return why the word that was given does not count; None when it does."""
    by = _uuid(approval.by_id)
    found = User.objects.filter(pk=by).first() if by else None
    if found is None or not approvals.may_approve(work.operation, found):
        return _("Who approved this may not do so any more. It needs another approval.")
    if money_of(str(approval.document.get("network"))) == "test":
        return None
    try:
        _require_passkey(approval, found)
    except Refusal as refusal:
        return _("%(why)s It needs another approval.") % {"why": refusal.fault.message}
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _require_passkey(approval: Approval, user: User) -> None:
    """Real money: the approver's passkey signed the digest. Its counter moves once, however often a worker looks."""
    seen = str(approval.assertion.get(SEEN, ""))
    given = {name: value for name, value in approval.assertion.items() if name != SEEN}
    marked = documents.canonical(["run402-panel/approval-seen/v1", approval.digest, str(user.pk), given])
    again = bool(re.fullmatch(r"(?:[0-9a-f]{2})+", seen)) and macs.holds(bytes.fromhex(seen), marked)
    operation = approval.operation
    wanted = Wanted(
        bytes.fromhex(approval.digest),
        operation.pk,
        user.pk,
        operation.team_id,
        kinds.get(operation.kind).approver,
    )
    with transaction.atomic():
        assertions.verify(given, wanted, again=again)
        if not again:
            approval.assertion = {**given, SEEN: macs.compute(marked).hex()}
            approval.save(update_fields=["assertion"])


def _after_the_hour(work: Work, ask: Ask, present: Approval) -> Approval:
    """Go on when its hour is over and still nobody else could approve; else wait."""
    if present.due_at is None or present.due_at > timezone.now():
        raise Wait(Reason.APPROVAL, _waits(present))
    if not _is_alone(work):
        raise _request(work, ask, [], _("Somebody else can approve this by now, so they have to."), present)
    Approval.objects.filter(pk=present.pk, state=Approval.State.WAITING).update(
        state=Approval.State.APPROVED, decided_at=timezone.now()
    )
    present.refresh_from_db()
    return present


def _is_alone(work: Work) -> bool:
    """Say whether the asker is the only one who could approve."""
    operation = work.operation
    own = operation.actor is not None and approvals.has_right(operation, operation.actor)
    return own and not approvals.deciders(operation)


def _request(work: Work, ask: Ask, other: list[str], said: str, present: Approval | None = None) -> Wait:
    """Write a new request in place of the present one, and return what has the operation wait for it."""
    now = timezone.now()
    until = now + REQUEST_FOR
    document = documents.of(work.operation, ask, until)
    made = Approval(
        operation=work.operation,
        document=document,
        digest=documents.digest(document),
        differences=other,
        asked_at=now,
        expires_at=until,
        # Time stands in for a second person where money is paid, never where a key would leave.
        due_at=now + ALONE_FOR if kinds.get(work.operation.kind).pays and _is_alone(work) else None,
    )
    made.mac = macs.compute(covered(made))
    with transaction.atomic():
        if present is not None:
            Approval.objects.filter(pk=present.pk).update(state=Approval.State.REPLACED)
        made.save(force_insert=True)
        queue.audit_operation("approval_asked", work.operation)
    return Wait(Reason.APPROVAL, f"{said} {_waits(made)}".strip())


def covered(row: Approval) -> bytes:
    """Return the bytes under a request's MAC: for which operation, over what, from when, and until when."""
    due = in_utc(row.due_at) if row.due_at else ""
    times = [in_utc(row.asked_at), in_utc(row.expires_at), due]
    fields: list[Any] = [str(row.pk), str(row.operation_id), row.digest, row.document, *times]
    return documents.canonical(["run402-panel/approval-request/v1", *fields])


def _above(ask: Ask, above: int) -> str:
    said = _("%(sum)s is above what one person may pay here (%(above)s).")
    return said % {"sum": usd(ask.micros, exact=True), "above": usd(above, exact=True)}


def _waits(request: Approval) -> str:
    if request.due_at is None:
        roles = who_may(kinds.get(request.operation.kind).approver)
        return _("Somebody else has to approve it: %(roles)s.") % {"roles": roles}
    when = request.due_at.strftime("%H:%M")
    said = _("Nobody else could approve it, so it goes on at %(when)s UTC unless somebody stops it.")
    return said % {"when": when}
