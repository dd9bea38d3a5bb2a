"""The second person, as web sees them: who may decide, their word, and what ends by itself.

The worker asks for it (`operations.demanding`) and looks at everything again before a byte is paid for.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Refusal
from operations import documents, outcomes, queue, wake
from operations.models import Approval, Operation, Reason, State
from operations.queue import add_event, audit_operation, tell_end
from operations.registry import kinds
from teams.models import Membership, User
from teams.permissions import Action, NotAllowed, allows, may_with, still_allowed
from wallets.limits import money_of

#: Rows looked at in one sweep.
MOST = 100
MOST_SIGNS = 300


def may_approve(operation: Operation, user: User) -> bool:
    """Say whether the person may decide about it now: another than who asked, with the right to."""
    return operation.actor_id != user.pk and has_right(operation, user)


def has_right(operation: Operation, user: User) -> bool:
    """Say whether the person may approve what is like this one, if somebody else asks."""
    ids = {"project_id": operation.project_id, "wallet_id": operation.wallet_id}
    return all(still_allowed(user, operation.team, action, **ids) for action in actions_for(operation))


def actions_for(operation: Operation) -> tuple[Action, ...]:
    """Return the rights that approving takes: for a payment one, for what is no payment its own beside it."""
    own = kinds.get(operation.kind).approver if operation.kind in kinds else Action.PAYMENT_APPROVE
    return tuple({Action.PAYMENT_APPROVE, own})


def is_waiting(operation: Operation) -> bool:
    """Say whether the operation waits for an approval."""
    return operation.state == State.WAITING and operation.reason == Reason.APPROVAL


def request_of(operation: Operation) -> Approval | None:
    """Return the latest request for an approval of the operation."""
    return Approval.objects.filter(operation=operation).first()


def words_of(operation: Operation) -> tuple[str, ...]:
    """Return the six words that whoever decides about the operation sees; none where nobody has to."""
    found = request_of(operation)
    return documents.words(documents.digest(found.document)) if found is not None else ()


def is_real(request: Approval) -> bool:
    """Say whether it is about real money or about no payment at all: the approver's passkey has to confirm both."""
    return money_of(str(request.document.get("network"))) != "test"


def deciders(operation: Operation) -> list[User]:
    """Return who could decide about it."""
    others = Membership.objects.filter(team=operation.team_id, user__is_active=True).select_related(
        "user", "team"
    )
    rows = others.exclude(user=operation.actor_id).order_by("user__name", "user__email")
    actions = actions_for(operation)
    able = [
        each
        for each in rows
        if all(
            allows(each.role, action) and may_with(each, operation.wallet_id, action) for action in actions
        )
    ]
    return [each.user for each in able if each.reach.covers(operation.project_id, operation.wallet_id)]


def approve(
    *, operation: Operation, actor: User, digest: str, assertion: Mapping[str, Any] | None = None
) -> None:
    """Let the operation go on with exactly what has this digest.

    Raises Refusal for who asked for it, when it waits no more, and when the request is another one than they saw.
    """
    with transaction.atomic():
        request = _locked(operation, actor)
        if not hmac.compare_digest(request.digest, digest):
            raise Refusal(
                "REQUEST_CHANGED", _("It was asked for anew since you looked. Compare the words again.")
            )
        if is_real(request) and not assertion:
            raise Refusal("PASSKEY_NEEDED", _("This is approved with a passkey. Nothing was decided."))
        _write(request, actor, Approval.State.APPROVED, assertion=dict(assertion or {}))
        audit_operation("approved", request.operation, actor.actor, note=f"sha256:{request.digest}")
        queue.decide(
            request.operation,
            actor=actor,
            checkpoints={},
            message=_("%(who)s approves.") % {"who": actor.label},
            reason=Reason.APPROVAL,
            action=Action.PAYMENT_APPROVE,
        )


def decline(*, operation: Operation, actor: User, why: str) -> None:
    """End the operation; nothing was paid. Raises Refusal like `approve`, and without a reason."""
    why = why.strip()[:MOST_SIGNS]
    if not why:
        raise Refusal(
            "REASON_MISSING", _("Say why, so that whoever asked knows what to change."), field="why"
        )
    with transaction.atomic():
        request = _locked(operation, actor)
        _write(request, actor, Approval.State.DECLINED, note=why)
        request.refresh_from_db(fields=["by_label", "note"])
        add_event(request.operation, "declined", declined(request))
        audit_operation("declined", request.operation, actor.actor, note=why)
        queue.cancel(request.operation, actor=actor, action=Action.PAYMENT_APPROVE)


def declined(request: Approval) -> str:
    """Return by whom a request was declined, why, and that nothing came of it."""
    words = {"who": request.by_label, "why": _sentence(request.note), "end": unmoved(request.operation)}
    return _("%(who)s declines: %(why)s %(end)s") % words


def unmoved(operation: Operation) -> str:
    """Return what an operation leaves as it was that nobody approved: no money moved, or no key and no rule."""
    pays = operation.kind in kinds and kinds.get(operation.kind).pays
    return _("Nothing was paid.") if pays else _("Nothing has changed.")


def _sentence(why: str) -> str:
    return why if why[-1] in ".!?" else f"{why}."


def _locked(operation: Operation, actor: User) -> Approval:
    """Return the request that waits, its operation's row locked."""
    rows = Operation.objects.select_for_update(of=("self",)).select_related("team", "actor")
    locked = rows.get(pk=operation.pk)
    request = Approval.objects.filter(operation=locked, state=Approval.State.WAITING).first()
    if not is_waiting(locked) or request is None or request.expires_at < timezone.now():
        raise Refusal("NOT_WAITING", _("This was decided already, or has ended."))
    if locked.actor_id == actor.pk:
        raise Refusal("NOT_YOURS_TO_APPROVE", _("Whoever asks cannot approve. Another member has to."))
    if not may_approve(locked, actor):
        raise NotAllowed
    request.operation = locked
    return request


def _write(request: Approval, actor: User, state: Approval.State, **fields: Any) -> None:
    waits = Approval.objects.filter(pk=request.pk, state=Approval.State.WAITING)
    by = {"by_id": str(actor.pk), "by_label": actor.label[:200], "decided_at": timezone.now()}
    if not waits.update(state=state, **by, **fields):
        raise Refusal("NOT_WAITING", _("This was decided already, or has ended."))


# --- What ends by itself, in a worker ---


def sweep() -> int:
    """End what nobody decided in its day, have go on what nobody else could approve in its hour; return how many."""
    now = timezone.now()
    waiting = Approval.objects.filter(
        state=Approval.State.WAITING, operation__state=State.WAITING, operation__reason=Reason.APPROVAL
    ).select_related("operation__actor", "operation__team")
    over = list(waiting.filter(expires_at__lt=now)[:MOST])
    due = list(waiting.filter(expires_at__gte=now, due_at__lte=now)[:MOST])
    return sum(map(_expire, over)) + sum(_again(one.operation) for one in due) + _ask_unasked()


def _expire(request: Approval) -> int:
    with transaction.atomic():
        operation = request.operation
        waits = Operation.objects.filter(pk=operation.pk, state=State.WAITING, reason=Reason.APPROVAL)
        changed = waits.update(state=State.CANCELLED, reason="", finished_at=timezone.now())
        if changed:
            Approval.objects.filter(pk=request.pk).update(state=Approval.State.EXPIRED)
            operation.refresh_from_db()
            said = _("Nobody approved this within a day, so it ended. Nothing was paid: ask again to do it.")
            add_event(operation, "cancelled", said)
            tell_end(operation)
            outcomes.announce(operation)
            audit_operation("cancelled", operation)
    return changed


def _again(operation: Operation) -> int:
    """Have a worker look at it again."""
    waits = Operation.objects.filter(pk=operation.pk, state=State.WAITING, reason=Reason.APPROVAL)
    changed = waits.update(state=State.QUEUED, reason="", not_before=timezone.now())
    if changed:
        wake.send(operation.queue)
    return changed


def _ask_unasked() -> int:
    """Have a worker write the request of what began to wait under a version that wrote none."""
    asked = Approval.objects.filter(state=Approval.State.WAITING).values("operation")
    rows = Operation.objects.filter(state=State.WAITING, reason=Reason.APPROVAL).exclude(pk__in=asked)
    return sum(_again(operation) for operation in rows[:MOST])
