"""What a handler is given: its operation, its memory (checkpoints), its voice (events) and its clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

import run402
from audit.record import SYSTEM, Actor
from core.ui.status import phase_word
from operations.claims import LEASE
from operations.endings import SENT
from operations.halted import halt_of
from operations.models import Operation, OperationRequest, Reason, State
from operations.queue import add_event
from operations.registry import SYNC, kinds
from run402 import Exchange, mpp
from run402.errors import READ_METHODS
from wallets import signer, standing
from wallets.halts import Halted
from wallets.models import Gateway, Wallet

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another worker took the operation over; this one may not write any more."""


class Later(Exception):
    """The handler wants to go on after a pause; its checkpoints hold how far it is. A handler never sleeps for long."""

    def __init__(self, seconds: float, phase: str = "") -> None:
        super().__init__(f"in {seconds} s")
        self.seconds, self.phase = seconds, phase


class Held(Later):
    """The gateway does not answer, or asked for fewer requests: it waits in line and says so."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(seconds)
        self.message = message


class Wait(Exception):
    """A person (or money) has to act first."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


class CancelHonoured(Exception):
    """The handler stopped between two steps because somebody asked it to."""


class Skipped(CancelHonoured):
    """Nobody waits for this, and the gateway cannot be asked now: the next planned one does it."""


class Work:
    """One attempt at one operation. Every write is fenced: it works only while this attempt holds the lease."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.args: dict[str, Any] = operation.args
        self.checkpoints: dict[str, Any] = dict(operation.checkpoints)
        self._guards_requests = operation.kind not in kinds or kinds.get(operation.kind).mutates
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._thread = threading.get_ident()

    @property
    def actor(self) -> Actor:
        """Who asked for it."""
        user = self.operation.actor
        return user.actor if user else SYSTEM

    def checkpoint(self, **facts: Any) -> None:
        """Commit what was done, so that the next attempt starts after it."""
        self.checkpoints.update(facts)
        with transaction.atomic():
            self._update(checkpoints=self.checkpoints)
            self._flush()

    def event(self, message: str, type_: str = "log", **data: Any) -> None:
        """Tell the page one step."""
        with transaction.atomic():
            self._update(lease_until=timezone.now() + LEASE)
            add_event(self.operation, type_, message, self.operation.phase, **data)
            self._flush()

    def phase(self, phase: str, *, done: int = 0, total: int = 0) -> None:
        """Enter a phase: the word beside the turning icon. Entering it again, after a pause, only moves the meter."""
        if phase == self.operation.phase:
            self.progress(done, total)
            return
        with transaction.atomic():
            self._update(phase=phase, done=done, total=total)
            add_event(self.operation, "phase", phase_word(phase), phase)
            self._flush()
        self.operation.phase = phase

    def progress(self, done: int, total: int) -> None:
        """Move the meter of the current phase."""
        with transaction.atomic():
            self._update(done=done, total=total)

    def stop_if_cancelled(self) -> None:
        """Honour a cancellation or a halt between two steps; raise LeaseLost when another worker took over."""
        asked = self._mine().values_list("cancel_requested", flat=True).first()
        if asked is None:
            raise LeaseLost(str(self.operation.pk))
        if asked:
            raise CancelHonoured(_("Cancelled"))
        self.stop_if_halted()

    def stop_if_halted(self) -> None:
        """Raise Halted while the team, the gateway or everything is stopped, unless this kind runs on."""
        if halt := halt_of(self.operation):
            raise Halted(halt)

    @property
    def gateway(self) -> Gateway:
        """The operation's gateway, of a kind that has to do with one."""
        if self.operation.gateway is None:
            raise LookupError(f"{self.operation.kind} has no gateway")
        return self.operation.gateway

    def client(self, *, sign: bool = True, admit: bool = True) -> run402.Client:
        """Return a client of the operation's gateway; it signs as the operation's wallet unless told not to.

        With `admit` False it may be used for the chain alone, until `admit` was called.
        """
        wallet: Wallet | None = self.operation.wallet if sign else None
        if admit:
            self.admit()
        return signer.client(self.gateway, wallet, on_exchange=self._on_exchange, before=self._before)

    def payer(
        self, *, policy: mpp.CapPolicy, before_send: Callable[[mpp.SignedCharge], None], chain: mpp.Tempo
    ) -> mpp.Payer:
        """Return what pays by MPP as the operation's wallet, whose client was opened before and so was admitted."""
        if self.operation.wallet is None:
            raise LookupError(f"{self.operation.kind} has no wallet")
        return signer.payer(
            self.operation.wallet,
            policy=policy,
            before_send=before_send,
            chain=chain,
            on_exchange=self._on_exchange,
            before=self._before,
        )

    def admit(self) -> None:
        """Go on if the gateway may be asked now; raise Held, or Skipped when nobody waits for the operation.

        Raises Halted while it is stopped.
        """
        self.stop_if_halted()
        background = self.operation.actor_id is None and self.operation.queue == SYNC
        if background and not standing.takes_background(self.gateway):
            said = _("Skipped: %(gateway)s cannot be asked now. It is read again by itself later.")
            raise Skipped(said % {"gateway": self.gateway.name})
        if hold := standing.admit(self.gateway):
            raise Held(hold.seconds, hold.message)

    def flush(self) -> None:
        """Write the requests made so far."""
        if self._exchanges:
            with transaction.atomic():
                self._flush()

    def _on_exchange(self, exchange: Exchange) -> None:
        # Uploads call this from their own threads, which hold no database connection: only collect there.
        with self._lock:
            self._exchanges.append(exchange)
        if threading.get_ident() == self._thread:
            heard(self.gateway, exchange)

    @property
    def sent(self) -> bool:
        """A request that may change something has left in this attempt or an earlier one, or was about to."""
        return bool(self.checkpoints.get(SENT))

    def _before(self, method: str) -> None:
        """Keep to the limit of requests, and send none while stopped, nor a change without the lease and a note of it.

        Uploads have threads of their own; a plan, which is noted here, always went before them, and their step asks
        for a stop between two batches.
        """
        if threading.get_ident() != self._thread:
            return
        self.stop_if_halted()
        time.sleep(standing.slot(self.gateway))
        if self._guards_requests and method not in READ_METHODS:
            self._mark_sent()

    def _mark_sent(self) -> None:
        if not self.sent:
            self.checkpoint(**{SENT: True})
        elif not self._mine().exists():
            raise LeaseLost(str(self.operation.pk))

    def _flush(self) -> None:
        with self._lock:
            exchanges, self._exchanges = self._exchanges, []
        if exchanges:
            OperationRequest.objects.bulk_create(_row(self.operation, exchange) for exchange in exchanges)

    def _update(self, **fields: Any) -> None:
        """Write to the row if this attempt still holds it, else raise LeaseLost."""
        if not self._mine().update(**fields):
            raise LeaseLost(str(self.operation.pk))

    def _mine(self) -> QuerySet[Operation]:
        return Operation.objects.filter(pk=self.operation.pk, state=State.RUNNING, fence=self.operation.fence)


def heard(gateway: Gateway, exchange: Exchange) -> None:
    """Take note of how the gateway answered; of other origins nothing is known. Losing it must not lose the answer."""
    if not exchange.path.startswith("/"):
        return
    try:
        standing.note(
            gateway,
            exchange.path,
            exchange.status,
            milliseconds=exchange.milliseconds,
            retry_after=exchange.retry_after,
        )
    except DatabaseError as error:
        log.warning("standing_not_written", error=type(error).__name__)


def _row(operation: Operation, exchange: Exchange) -> OperationRequest:
    return OperationRequest(
        operation=operation,
        at=datetime.fromtimestamp(exchange.at, tz=UTC),
        method=exchange.method,
        path=exchange.path[:300],
        status=exchange.status,
        milliseconds=exchange.milliseconds,
        trace_id=(exchange.trace_id or "")[:80],
        idempotency_key=(exchange.idempotency_key or "")[:80],
        sent_bytes=exchange.sent_bytes,
        received_bytes=exchange.received_bytes,
    )
