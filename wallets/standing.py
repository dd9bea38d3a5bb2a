"""One limiter and one circuit breaker for each gateway, over all workers on all machines: the row is all they share.

Closed: requests go, evenly enough (`slot`). After FAILURES in a row it opens: nobody asks until a pause is over, then
one worker tries (`admit`), and what becomes of that closes it or makes the pause longer (`note`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from wallets.models import Gateway, GatewayStanding, Wallet

#: So many failures in a row, within this time, open the breaker.
FAILURES, WINDOW = 5, timedelta(minutes=2)
#: The pause before somebody tries again: doubled each time, never longer than the second.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
#: What waits looks again after this at the latest.
LONGEST_WAIT = 30.0
#: How long one worker has for trying.
PROBE = timedelta(seconds=40)
#: How much of a gateway's Retry-After is believed: by what people wait for, and by what nobody waits for.
MOST_HELD, MOST_RESTED = 60.0, 3600.0
HELD, RESTED = 5.0, 300.0
SLOW_MILLISECONDS = 5000
#: A gateway that is in use is asked when nobody has heard of it for so long: pages know of an outage before people do.
QUIET = timedelta(seconds=30)
#: A success that tells nothing new is written no more often than this.
NEWS = timedelta(seconds=5)
TRIES = 50
#: 429 here is about one address or wallet, not about the panel.
OWN_LIMITS = ("/faucet/",)
TOO_MANY = 429
BREAKER = ["failures", "failing_since", "opened_at", "openings", "retry_at", "probing_until"]


@dataclass(frozen=True)
class Hold:
    """Why no request may go now, and how long that lasts at least."""

    seconds: float
    message: str


def of(gateway: Gateway) -> GatewayStanding | None:
    """Return how the gateway answers, from the row that was read with it if there was one; None: never asked."""
    found: GatewayStanding | None = getattr(gateway, "standing", None)
    return found


def admit(gateway: Gateway) -> Hold | None:
    """Say why requests must wait, or let the caller ask: everybody while closed, one at a time while open."""
    row, now = _read(gateway), timezone.now()
    if row.held_until is not None and row.is_held(now):
        return Hold(_left(row.held_until, now), _fewer(gateway, row.held_until))
    if not row.is_open or take_turn(gateway):
        return None
    over = [moment for moment in (row.retry_at, row.probing_until) if moment is not None and moment > now]
    return Hold(_left(max(over, default=now), now), _silent(gateway, row))


def takes_background(gateway: Gateway) -> bool:
    """Say whether anything may be asked that nobody waits for."""
    row = GatewayStanding.objects.filter(pk=gateway.pk).first()
    return row is None or not row.is_resting(timezone.now())


def slot(gateway: Gateway) -> float:
    """Take a place in the line of requests; return the seconds until one's turn (a token bucket of a second)."""
    rate = rate_of(gateway)
    if not rate:
        return 0.0
    space = timedelta(seconds=1 / rate)
    rows = _rows(gateway)
    for _try in range(TRIES):
        free, now = _read(gateway).free_at, timezone.now()
        mine = max(free, now - timedelta(seconds=1) + space)
        if rows.filter(free_at=free).update(free_at=mine + space):
            return max(0.0, (mine - now).total_seconds())
    return 1.0


def rate_of(gateway: Gateway) -> float:
    """Return how many requests a second the operator allows; 0 is any number."""
    rates: dict[str, float] = settings.GATEWAY_RATES
    return rates.get(gateway.slug, rates[""])


def note(
    gateway: Gateway,
    path: str,
    status: int | None,
    *,
    milliseconds: int = 0,
    retry_after: float | None = None,
) -> None:
    """Take note of what became of one request. No status: no answer came."""
    if status == TOO_MANY:
        _answered(gateway, milliseconds)
        if not path.startswith(OWN_LIMITS):
            _throttled(gateway, retry_after)
    elif status is None or (status >= 500 and status != 501):
        _failed(gateway, retry_after)
    else:
        _answered(gateway, milliseconds)


def suspects() -> list[Gateway]:
    """Return what is worth a question now: who failed, whose pause is over, who was slow, or silent while in use."""
    now = timezone.now()
    due = Q(standing__opened_at=None) | Q(standing__retry_at__lte=now)
    used = Exists(Wallet.objects.filter(gateway=OuterRef("pk"), state=Wallet.State.READY))
    quiet = Q(standing__answered_at__lt=now - QUIET) & (Q(used) | Q(standing__slow_milliseconds__gt=0))
    found = Gateway.objects.filter(due, Q(standing__failures__gt=0) | quiet, enabled=True)
    return list(found.exclude(standing__held_until__gt=now))


def take_turn(gateway: Gateway) -> bool:
    """Take the turn to try a gateway that has failed, unless another worker has it or the pause is not over."""
    now = timezone.now()
    free = Q(probing_until=None) | Q(probing_until__lte=now)
    due = Q(opened_at=None) | Q(retry_at__lte=now)
    return _rows(gateway).filter(free, due).update(probing_until=now + PROBE) == 1


def _answered(gateway: Gateway, milliseconds: int) -> None:
    now, slow = timezone.now(), milliseconds if milliseconds >= SLOW_MILLISECONDS else 0
    known = Q(answered_at__gte=now - NEWS, failures=0, opened_at=None, slow_milliseconds=slow)
    _read(gateway)
    _rows(gateway).exclude(known).update(
        answered_at=now,
        slow_milliseconds=slow,
        failures=0,
        failing_since=None,
        opened_at=None,
        openings=0,
        retry_at=None,
        probing_until=None,
    )


def _failed(gateway: Gateway, retry_after: float | None) -> None:
    _read(gateway)
    with transaction.atomic():
        row, now = _rows(gateway).select_for_update().get(), timezone.now()
        if row.failing_since is None or (not row.is_open and row.failing_since < now - WINDOW):
            row.failures, row.failing_since = 0, now
        row.failures += 1
        # While it is open, only the one that tries has something to say: others were under way before.
        if row.probing_until is not None if row.is_open else row.failures >= FAILURES:
            _open(row, now, retry_after)
        row.probing_until = None
        row.save(update_fields=BREAKER)


def _open(row: GatewayStanding, now: datetime, retry_after: float | None) -> None:
    pause = min(FIRST_PAUSE * 2.0**row.openings, LONGEST_PAUSE) * _jitter()
    row.opened_at, row.openings = row.opened_at or now, row.openings + 1
    row.retry_at = now + timedelta(seconds=max(pause, min(retry_after or 0.0, MOST_HELD)))


def _throttled(gateway: Gateway, retry_after: float | None) -> None:
    now, asked = timezone.now(), retry_after or 0.0
    held = timedelta(seconds=min(asked or HELD, MOST_HELD))
    rested = timedelta(seconds=min(max(asked, RESTED), MOST_RESTED) * _jitter())
    _rows(gateway).update(held_until=now + held, resting_until=now + max(rested, held))


def _rows(gateway: Gateway) -> QuerySet[GatewayStanding]:
    return GatewayStanding.objects.filter(pk=gateway.pk)


def _read(gateway: Gateway) -> GatewayStanding:
    """Return the row as it is now; the first one to ask makes it."""
    row = _rows(gateway).first()
    return row if row is not None else GatewayStanding.objects.get_or_create(gateway=gateway)[0]


def _jitter() -> float:
    return random.uniform(0.8, 1.2)  # noqa: S311 - only spreads workers


def _left(until: datetime, now: datetime) -> float:
    """Return the seconds that are left, and a little more, so that not all come back at once.

    Never many: the gateway may be back before, found out by another one's try.
    """
    return min(max((until - now).total_seconds(), 1.0), LONGEST_WAIT) * random.uniform(1.0, 1.2)  # noqa: S311


def _silent(gateway: Gateway, row: GatewayStanding) -> str:
    said = _("%(gateway)s does not answer since %(time)s UTC. This waits and goes on by itself when it does.")
    return said % {"gateway": gateway.name, "time": (row.since or timezone.now()).strftime("%H:%M")}


def _fewer(gateway: Gateway, until: datetime) -> str:
    said = _("%(gateway)s asks for fewer requests. This waits and goes on by itself at %(time)s UTC.")
    return said % {"gateway": gateway.name, "time": until.strftime("%H:%M:%S")}
