"""The worker's side of webhooks: claim a delivery, send it under the guard, say how it went.

    queued ──2xx──▶ sent
       ▲  └─no answer, or another status: once more after a pause, for a day─▶ failed

A claim moves `not_before` to the next try, so that a delivery whose worker died between sending and writing is tried
again then. The receiver may get it twice; both bear the same X-Run402-Delivery, by which it can drop the second.
"""

from __future__ import annotations

import random
import time
from datetime import timedelta

import structlog
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Refusal
from core.outgoing import Answer, Guard, Unreachable
from notifications.bodies import signature
from notifications.models import Delivery, Hook
from notifications.services.hooks import secret_of, url_of
from wallets import vault
from wallets.vault import Locked

log = structlog.get_logger(__name__)

#: Seconds from each try to the next one, to each of which up to a tenth is added. The whole stays within a day.
PAUSES = (30, 120, 600, 3600, 10_800, 21_600, 39_600)
TRIES = len(PAUSES) + 1
JITTER = 0.1
TRY_SECONDS = 10.0
#: Longer than one try can take.
LEASE_SECONDS = 60
#: A webhook that did not answer is left alone for so long, whatever else waits for it.
HOLD_SECONDS = 20
ANSWER_BYTES, ANSWER_LONGEST = 4096, 200
#: The receiver says by this that it wants nothing more of it.
GONE = 410
#: One worker process sends at a time, so that receivers that hang leave the others to their work.
TURN, TURN_SECONDS = "notifications-delivering", 60
#: After so long the turn ends, and the next one begins with the next beat.
LONGEST_TURN = 40.0


def deliver_due() -> int:
    """Send what is due, one after another; return how many arrived."""
    if not cache.add(TURN, True, timeout=TURN_SECONDS):
        return 0
    ends, arrived = time.monotonic() + LONGEST_TURN, 0
    try:
        while time.monotonic() < ends and (delivery := claim()):
            arrived += deliver(delivery)
    finally:
        cache.delete(TURN)
    return arrived


def claim() -> Delivery | None:
    """Take the delivery that is due longest, by conditional UPDATE; None when there is none."""
    now = timezone.now()
    free = Q(hook__held_until=None) | Q(hook__held_until__lte=now)
    due = Delivery.objects.filter(free, state=Delivery.State.QUEUED, not_before__lte=now, hook__on=True)
    for delivery in due.select_related("hook").order_by("not_before")[:10]:
        if delivery.attempts >= TRIES:
            _fail(delivery, _("The worker stopped while sending."))
            continue
        mine, pause = _mine(delivery), _pause(delivery.attempts)
        delivery.attempts += 1
        if mine.update(attempts=delivery.attempts, not_before=now + timedelta(seconds=pause)):
            return delivery
    return None


def deliver(delivery: Delivery) -> bool:
    """Make one try at a claimed delivery and write how it went. Say whether it arrived."""
    started = time.monotonic()
    try:
        answer = _post(delivery)
    except Locked:
        _try_later(delivery, _("The worker cannot open the address: it lacks the private keyset."))
    except Refusal as refusal:
        _fail(delivery, refusal.fault.message)
    except Unreachable as error:
        _tried(delivery, started)
        hold = timezone.now() + timedelta(seconds=HOLD_SECONDS)
        Hook.objects.filter(pk=delivery.hook_id).update(held_until=hold)
        _try_later(delivery, str(error))
    else:
        _tried(delivery, started, answer)
        return _answered(delivery, answer)
    return False


def _post(delivery: Delivery) -> Answer:
    """Send it. Raises Refusal for an address that may not be called, Locked, or Unreachable."""
    hook = delivery.hook
    url = vault.unseal_field(hook, "url_sealed", url_of(hook)).decode()
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Run402-Panel",
        "X-Run402-Delivery": str(delivery.pk),
        "X-Run402-Event": delivery.event,
    }
    if hook.form == Hook.Form.SIGNED:
        secret = vault.unseal_field(hook, "secret_sealed", secret_of(hook))
        headers["X-Run402-Signature"] = signature(secret, body, int(time.time()))
    guard = Guard(seconds=TRY_SECONDS, most_bytes=ANSWER_BYTES * 16)
    return guard.send("POST", url, headers=headers, content=body)


def _answered(delivery: Delivery, answer: Answer) -> bool:
    if 200 <= answer.status < 300:
        _end(delivery, Delivery.State.SENT, "")
        return True
    if answer.status == GONE:
        _fail(delivery, _("The receiver wants nothing more of it (410)."))
    elif 300 <= answer.status < 400:
        _fail(delivery, _("The receiver answered with a redirect. Give the webhook the final address."))
    else:
        _try_later(delivery, _("The receiver answered %(status)s.") % {"status": answer.status})
    return False


def _tried(delivery: Delivery, started: float, answer: Answer | None = None) -> None:
    """Write what the log shows of a try."""
    _mine(delivery).update(
        tried_at=timezone.now(),
        milliseconds=round((time.monotonic() - started) * 1000),
        status=answer.status if answer else None,
        answer=_excerpt(delivery, answer) if answer else "",
    )


def _excerpt(delivery: Delivery, answer: Answer) -> str:
    """Return the beginning of the answer, unless it repeats the address, which may hold a token."""
    hook = delivery.hook
    text = answer.content[:ANSWER_BYTES].decode("utf-8", "replace")
    path = vault.unseal_field(hook, "url_sealed", url_of(hook)).decode().partition("://")[2].partition("/")[2]
    if path and any(part in text for part in path.replace("?", "/").split("/") if len(part) >= 8):
        return _("(not kept: it repeats the address)")
    return "".join(char if char.isprintable() else " " for char in text)[:ANSWER_LONGEST].strip()


def _pause(attempts: int) -> float:
    pause = PAUSES[attempts] if attempts < len(PAUSES) else LEASE_SECONDS
    return pause * (1 + random.random() * JITTER)  # noqa: S311  # spreads load, guards nothing


def _try_later(delivery: Delivery, why: str) -> None:
    """Keep it for the next try, which the claim has set already; fail when this was the last."""
    if delivery.attempts >= TRIES:
        _fail(delivery, why)
        return
    log.info("delivery_not_taken", delivery=str(delivery.pk), attempts=delivery.attempts, why=why)
    _mine(delivery).update(error=why[:200])


def _fail(delivery: Delivery, why: str) -> None:
    log.warning("delivery_failed", delivery=str(delivery.pk), attempts=delivery.attempts, why=why)
    _end(delivery, Delivery.State.FAILED, why)


def _end(delivery: Delivery, state: Delivery.State, why: str) -> None:
    _mine(delivery).update(state=state, error=why[:200], ended_at=timezone.now())


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.QUEUED, attempts=delivery.attempts)
