"""A passkey's word for one operation: asked of the actor by web, checked by the worker before anything happens.

    submit (waiting) ──▶ statement on the page ──▶ assertion over the digest ──▶ give (queued) ──▶ demand, in the worker

The digest covers everything that decides what is done. One byte off, and the assertion is for something else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Refusal
from operations import wake
from operations.models import Operation, State
from operations.queue import CONSENT_FOR, add_event, audit_operation, tell_end
from operations.registry import kinds
from teams.models import User
from wallets import assertions, macs
from wallets.assertions import Wanted, refused
from wallets.models.passkey import in_utc

#: How long after its time was up a confirmed operation may still be done: workers are busy, or were down.
GRACE = timedelta(minutes=10)
#: The same where a second person may take so long, once a worker has seen that it was right.
SEEN_GRACE = timedelta(days=1)
MOST_BYTES = 16_384
ANSWER = ("clientDataJSON", "authenticatorData", "signature")
#: Beside the assertion: a worker's mark that it was right, once its passkey's counter has moved.
SEEN = "seen"


def digest(operation: Operation) -> bytes:
    """Return what the passkey signs: SHA-256 over everything that decides what is done."""
    covered = [
        "run402-panel/consent/v1",
        str(operation.pk),
        operation.kind,
        str(operation.team_id),
        _id(operation.actor_id),
        operation.gateway_id or "",
        _id(operation.wallet_id),
        _id(operation.project_id),
        _id(operation.subject_id),
        operation.args,
        in_utc(operation.consent_until) if operation.consent_until else "",
    ]
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).digest()


def _id(value: object) -> str:
    return str(value) if value else ""


def statement(operation: Operation) -> list[tuple[str, str]]:
    """Return in words what will happen when it is confirmed."""
    words = kinds.get(operation.kind).statement
    return words(operation) if words else []


def require_actor(operation: Operation, user: User) -> None:
    """Let nobody but who asked for it confirm it."""
    if operation.actor_id != user.pk:
        raise PermissionDenied(
            _("Only %(who)s, who asked for this, can confirm it.") % {"who": operation.actor_label}
        )


def read(text: str) -> dict[str, Any]:
    """Return the assertion in what a browser sent, no more of it than the worker reads. Raises Refusal for junk."""
    try:
        found = json.loads(text[: MOST_BYTES + 1])
        response = found["response"]
        parts = {name: _base64url(found[name]) for name in ("id", "rawId")}
        answer = {name: _base64url(response[name]) for name in ANSWER}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise refused("CONSENT_UNREADABLE", _("What confirmed this is no answer of a passkey.")) from None
    return {**parts, "type": "public-key", "clientExtensionResults": {}, "response": answer}


def _base64url(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise ValueError
    return value


def give(operation: Operation, *, actor: User, assertion: Mapping[str, Any]) -> None:
    """Keep the assertion and put the operation in line. Raises Refusal when its time is up or it was decided.

    Web cannot tell a good assertion from a bad one in a way that counts: the worker checks it.
    """
    require_actor(operation, actor)
    with transaction.atomic():
        now = timezone.now()
        waits = Operation.objects.filter(
            pk=operation.pk, state=State.WAITING, consent={}, consent_until__gte=now
        )
        if not waits.update(state=State.QUEUED, reason="", consent=dict(assertion), not_before=now):
            raise too_late()
        operation.refresh_from_db()
        add_event(operation, "decision", _("Confirmed with a passkey by %(who)s") % {"who": actor.label})
        audit_operation("confirmed", operation, actor.actor)
        transaction.on_commit(lambda: wake.send(operation.queue))


def demand(operation: Operation) -> None:
    """In the worker: raise Refusal unless the actor's passkey confirmed exactly this, in time."""
    until = operation.consent_until
    if until is None or not operation.consent or operation.actor_id is None:
        raise refused("CONSENT_MISSING", _("Nobody has confirmed this with a passkey."))
    now = timezone.now()
    seen = _was_seen(operation)
    if now > until + (SEEN_GRACE if seen and kinds.get(operation.kind).waits_for_two else GRACE):
        raise too_late()
    if until > now + CONSENT_FOR + timedelta(minutes=1):
        raise refused("CONSENT_OTHER", _("This was to be confirmed for longer than the panel allows."))
    with transaction.atomic():
        assertions.verify(_given(operation), _wanted(operation, operation.actor_id), again=seen)
        if not seen:
            _mark_seen(operation)


def _given(operation: Operation) -> dict[str, Any]:
    """Return the assertion alone."""
    return {name: value for name, value in operation.consent.items() if name != SEEN}


def _was_seen(operation: Operation) -> bool:
    """Say whether a worker found this assertion right before: one that begins anew may not stumble over its counter."""
    mark = str(operation.consent.get(SEEN, ""))
    return bool(re.fullmatch(r"(?:[0-9a-f]{2})+", mark)) and macs.holds(
        bytes.fromhex(mark), _covered(operation)
    )


def _mark_seen(operation: Operation) -> None:
    operation.consent = {**_given(operation), SEEN: macs.compute(_covered(operation)).hex()}
    mine = Operation.objects.filter(pk=operation.pk, state=State.RUNNING, fence=operation.fence)
    mine.update(consent=operation.consent)


def _covered(operation: Operation) -> bytes:
    """Return the bytes under the mark: the operation, down to its last argument, and the assertion."""
    given = json.dumps(_given(operation), sort_keys=True, separators=(",", ":"))
    return b"\0".join((b"run402-panel/consent-seen/v1", digest(operation), given.encode()))


def _wanted(operation: Operation, actor_id: Any) -> Wanted:
    action = kinds.get(operation.kind).action
    return Wanted(digest(operation), operation.pk, actor_id, operation.team_id, action)


def too_late() -> Refusal:
    """Return what is said when the time to confirm is over."""
    return refused("CONSENT_EXPIRED", _("The time to confirm this is over, or it was decided already."))


def expire() -> int:
    """Cancel what nobody confirmed in time; return how many."""
    late = Operation.objects.filter(
        state=State.WAITING, consent_until__isnull=False, consent_until__lt=timezone.now()
    )
    return sum(_expire(operation) for operation in late.filter(consent={}).select_related("actor")[:100])


def _expire(operation: Operation) -> int:
    with transaction.atomic():
        waits = Operation.objects.filter(pk=operation.pk, state=State.WAITING, consent={})
        changed = waits.update(state=State.CANCELLED, reason="", finished_at=timezone.now())
        if changed:
            operation.refresh_from_db()
            add_event(
                operation,
                "cancelled",
                _("Nobody confirmed this in time. Nothing has changed: start again to do it."),
            )
            tell_end(operation)
            audit_operation("cancelled", operation)
    return changed


def url(operation: Operation) -> str:
    """Return the page on which the operation is confirmed."""
    return reverse("operations:consent", args=[operation.pk])
