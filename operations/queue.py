"""Web's side of the engine: put operations in line, decide waiting ones, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q, UUIDField
from django.utils import timezone
from django.utils.translation import gettext as _
from structlog.contextvars import get_contextvars

from audit import refusals
from audit.record import SYSTEM, Actor, Subject, record
from audit.refusals import Refused
from core.errors import Refusal
from core.prepared import Insert, Param, Prepared
from operations import outcomes, rights, wake
from operations.endings import PAUSING
from operations.models import ACTIVE, Operation, OperationEvent, Reason, State, ids
from operations.registry import Kind, kinds
from teams.models import Team, User
from teams.permissions import Action, NotAllowed, still_allowed
from wallets.models import Gateway, Wallet

#: How long a guarded operation can be confirmed.
CONSENT_FOR = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Request:
    """What is asked for. `actor` None is the panel itself (refreshes); `gateway` None where none has to do with it.

    `lane` lets one mutation run at a time. `unique_key` has an equal active operation returned instead of a second one.
    """

    kind: str
    title: str
    team: Team
    gateway: Gateway | None
    actor: User | None = None
    wallet: Wallet | None = None
    project_id: UUID | None = None
    subject_id: UUID | None = None
    subject_url: str = ""
    lane: str = ""
    unique_key: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    delay: timedelta = timedelta(0)


def submit(request: Request) -> Operation:
    """Put an operation in line, record it, and wake a worker on commit. Raises NotAllowed when the actor may not.

    One of a guarded kind waits: its actor has to confirm it with a passkey (`operations.consent`).
    """
    kind = kinds.get(request.kind)
    _check_actor(request, kind.action)
    with transaction.atomic():
        if existing := _equal_active(request):
            return existing
        operation, is_new = _created_or_equal(request, kind)
        if not is_new:
            return operation
        if kind.audited:
            audit_operation("requested", operation)
        if operation.state == State.QUEUED:
            transaction.on_commit(lambda: wake.send(kind.queue))
    log.info("operation_submitted", **ids(operation))
    return operation


def _created_or_equal(request: Request, kind: Kind) -> tuple[Operation, bool]:
    """Return a new operation, or the equal one that somebody asked for at the same instant."""
    if not request.unique_key:
        return _create(request, kind), True
    try:
        with transaction.atomic():
            return _create(request, kind), True
    except IntegrityError:
        if existing := _equal_active(request):
            return existing, False
        raise


def _check_actor(request: Request, action: Action) -> None:
    wallet_id = request.wallet.pk if request.wallet else None
    if not still_allowed(
        request.actor, request.team, action, project_id=request.project_id, wallet_id=wallet_id
    ):
        refusal = NotAllowed()
        refusals.note(_refused(request, refusal))
        raise refusal


def _refused(request: Request, refusal: Refusal) -> Refused:
    """Return what is recorded of a request that never became an operation."""
    ids = {"wallet": request.wallet.pk if request.wallet else None, "project": request.project_id}
    return Refused(
        "operation.refused",
        team_id=request.team.pk,
        actor=request.actor.actor if request.actor else SYSTEM,
        subject=Subject("kind", request.kind, request.title),
        details={"code": refusal.fault.code, **_told(ids)},
    )


def _equal_active(request: Request) -> Operation | None:
    if not request.unique_key:
        return None
    equal = Operation.objects.filter(team=request.team, unique_key=request.unique_key, state__in=ACTIVE)
    return equal.exclude(unique_key="").first()  # which names the index


def _create(request: Request, kind: Kind) -> Operation:
    guarded = kind.asks_passkey(request.args)
    operation = Operation(
        team=request.team,
        kind=request.kind,
        title=request.title[:200],
        actor=request.actor,
        actor_label=(request.actor.label if request.actor else SYSTEM.label)[:200],
        gateway=request.gateway,
        wallet=request.wallet,
        project_id=request.project_id,
        subject_id=request.subject_id,
        subject_url=request.subject_url,
        request_id=str(get_contextvars().get("request_id", ""))[:64],
        queue=kind.queue,
        lane=request.lane,
        unique_key=request.unique_key,
        args=dict(request.args),
        not_before=timezone.now() + request.delay,
        state=State.WAITING if guarded else State.QUEUED,
        reason=Reason.CONFIRMATION if guarded else "",
        consent_until=timezone.now() + CONSENT_FOR if guarded else None,
    )
    return _OPERATION(operation)


_OPERATION = Insert(Operation)


def decide(
    operation: Operation,
    *,
    actor: User,
    checkpoints: Mapping[str, Any],
    message: str,
    reason: Reason | None = None,
    recorded: str = "decided",
    action: Action | None = None,
) -> None:
    """Put a waiting operation back in line with a decision, recorded as `operation.<recorded>`.

    `action` is the right it takes, if another than to start the kind.
    Raises Refusal when it no longer waits, or not for `reason` if one is given, and NotAllowed when they may not.
    """
    rights.require(operation, actor, action)
    with transaction.atomic():
        locked = Operation.objects.select_for_update().get(pk=operation.pk)
        decidable = Operation.objects.filter(pk=locked.pk, state=State.WAITING).exclude(
            consent_until__isnull=False, consent={}
        )
        if reason is not None:
            decidable = decidable.filter(reason=reason)
        changed = decidable.update(
            state=State.QUEUED,
            reason="",
            attempts=0,
            checkpoints={**locked.checkpoints, PAUSING: None, **checkpoints},
            not_before=timezone.now(),
        )
        if not changed:
            raise Refusal("NOT_WAITING", _("This was decided already, or has ended."))
        add_event(locked, "decision", message)
        audit_operation(recorded, locked, actor.actor)
        transaction.on_commit(lambda: wake.send(locked.queue))


def cancel(operation: Operation, *, actor: User, action: Action | None = None) -> State:
    """Cancel at once what no worker holds; ask a running one to stop at its next step. Return the state it is in.

    Raises NotAllowed when the actor may not, and Refusal for what is in review: it has happened, or not (`marking`).
    """
    rights.require(operation, actor, action)
    with transaction.atomic():
        this = Operation.objects.filter(pk=operation.pk)
        if this.filter(state=State.WAITING, reason=Reason.REVIEW).exists():
            raise Refusal(
                "IN_REVIEW",
                _("Nobody knows whether it happened, so it cannot be cancelled. Say what became of it."),
            )
        idle = this.filter(Q(state=State.QUEUED, started_at=None) | Q(state=State.WAITING))
        ended = {
            "state": State.CANCELLED,
            "reason": "",
            "finished_at": timezone.now(),
            "cancel_requested": True,
        }
        if idle.update(**ended):
            operation.refresh_from_db()
            add_event(operation, "cancelled", _("Cancelled by %(who)s") % {"who": actor.label})
            tell_end(operation)
            outcomes.announce(operation)
            audit_operation("cancelled", operation, actor.actor)
        elif this.filter(state__in=ACTIVE).update(cancel_requested=True):
            # One that pauses between two steps hears of it at once.
            this.filter(state=State.QUEUED).update(not_before=timezone.now())
            audit_operation("cancel_requested", operation, actor.actor)
        operation.refresh_from_db()
        transaction.on_commit(lambda: wake.send(operation.queue))
    return State(operation.state)


def tell_end(operation: Operation) -> None:
    """Call what the kind wants to do when it ends otherwise than well."""
    kind = kinds.get(operation.kind) if operation.kind in kinds else None
    if kind and kind.on_end:
        kind.on_end(operation)


def add_event(operation: Operation, type_: str, message: str, phase: str = "", **data: Any) -> OperationEvent:
    """Append an event with the next number. Call it inside a transaction that holds the operation's row."""
    last = _LAST_EVENT.first(operation=operation.pk)
    return _EVENT(
        OperationEvent(
            operation=operation,
            seq=last[0] + 1 if last else 1,
            type=type_,
            phase=phase,
            message=message[:500],
            data=data,
        )
    )


_EVENT = Insert(OperationEvent)
_LAST_EVENT = Prepared(
    lambda: (
        OperationEvent.objects.filter(operation=Param("operation", UUIDField()))
        .order_by("-seq")
        .values_list("seq")[:1]
    )
)


def audit_operation(
    what: str, operation: Operation, actor: Actor | None = None, *, code: str = "", note: str = ""
) -> None:
    """Record what happened to the operation, by `actor` or else by who asked for it.

    `code` says why it was refused, `note` is what a person wrote about it.
    """
    said = {name: text for name, text in (("code", code), ("note", note)) if text}
    ids = {
        "wallet": operation.wallet_id,
        "project": operation.project_id,
        "subject": operation.subject_id,
    }
    record(
        f"operation.{what}",
        team_id=operation.team_id,
        actor=actor or (operation.actor.actor if operation.actor else SYSTEM),
        subject=Subject("operation", str(operation.pk), operation.title),
        details={"kind": operation.kind, **said, **_told(ids)},
    )


def audit_refusal(operation: Operation, code: str) -> None:
    """Record that a person was refused something whose ends are not recorded otherwise, such as a refresh."""
    actor = operation.actor.actor if operation.actor else SYSTEM
    subject = Subject("kind", operation.kind, operation.title)
    ids = {"wallet": operation.wallet_id, "project": operation.project_id}
    refusals.write(
        Refused("operation.refused", operation.team_id, actor, subject, {"code": code, **_told(ids)})
    )


def _told(ids: Mapping[str, UUID | None]) -> dict[str, str]:
    """Return the ids that there are, as the record keeps them: the pages of these things tell the entry too."""
    return {name: str(value) for name, value in ids.items() if value}
