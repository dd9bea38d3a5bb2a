"""The durable rows behind every effect. The row is the queue; the broker only wakes workers."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from wallets.models import Gateway, Wallet


class State(models.TextChoices):
    """Where an operation stands."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Reason(models.TextChoices):
    """What a waiting operation waits for."""

    APPROVAL = "approval", _("approval")
    CONFIRMATION = "confirmation", _("you")
    FUNDS = "funds", _("funds")
    CHECKOUT = "checkout", _("checkout")
    REVIEW = "review", _("review")


#: The legal moves; `runner` and `queue` make them by conditional UPDATE.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.WAITING, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    # Succeeded and failed: a person marks what the panel cannot find out (`waiting: review`).
    State.WAITING: frozenset({State.QUEUED, State.CANCELLED, State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
FINAL = frozenset(state for state, targets in MOVES.items() if not targets)
ACTIVE = frozenset(State) - FINAL


class Operation(models.Model):
    """One effect: who wants what, how far it is, and how it ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Those of team and gateway alone would lead a search through half the table.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="operations", db_index=False)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="operations"
    )
    actor_label = models.CharField(max_length=200)
    # Null for what no gateway has to do with, such as trusting a passkey.
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, null=True, related_name="operations", db_index=False
    )
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, related_name="operations")
    # Rooms above own projects and deploys, so these are ids and an address, not foreign keys.
    project_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    subject_url = models.CharField(max_length=200, blank=True)
    # Of the web request that asked for it: the worker's log lines carry it on.
    request_id = models.CharField(max_length=64, blank=True)

    queue = models.CharField(max_length=20)
    lane = models.CharField(max_length=120, blank=True)
    unique_key = models.CharField(max_length=120, blank=True)
    args = models.JSONField(default=dict)

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    phase = models.CharField(max_length=80, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    checkpoints = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    # A result that must not stay is emptied then, or when it was fetched.
    result_until = models.DateTimeField(null=True)
    error = models.JSONField(default=dict)
    # Of a guarded kind: the passkey's assertion over the operation's digest, and until when it could be given.
    consent = models.JSONField(default=dict)
    consent_until = models.DateTimeField(null=True)

    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=80, blank=True)
    cancel_requested = models.BooleanField(default=False)
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Its steps and requests were taken away then (`operations.retention`); the row stays for what names it.
    trimmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        # Each ends a search in a line of any length. SQLite keeps no figures about its rows and takes the index with
        # the most columns that are asked for, or one that holds all that is read: hence “state” in those of one state.
        indexes = [
            models.Index(fields=["queue", "not_before"], condition=Q(state="queued"), name="operation_due"),
            models.Index(
                fields=["queue", "team", "created_at", "not_before", "state"],
                condition=Q(state="queued"),
                name="operation_line",
            ),
            models.Index(
                fields=["queue", "team", "lane", "created_at", "state"],
                condition=Q(state="queued"),
                name="operation_lanes",
            ),
            models.Index(fields=["team", "-created_at"]),
            models.Index(
                fields=["lane", "state", "created_at", "team"],
                condition=~Q(lane=""),
                name="operation_lane_line",
            ),
            models.Index(fields=["subject_id", "team", "-created_at"], name="operation_subject"),
            models.Index(
                fields=["team", "unique_key", "state"], condition=~Q(unique_key=""), name="operation_equal"
            ),
            models.Index(
                fields=["team", "queue", "state"], condition=Q(state="running"), name="operation_running"
            ),
            models.Index(
                fields=["team", "queue", "state"], condition=Q(state="waiting"), name="operation_waiting"
            ),
            models.Index(fields=["team", "-started_at"], name="operation_turn"),
            models.Index(
                fields=["finished_at", "state"],
                condition=Q(finished_at__isnull=False),
                name="operation_ended",
            ),
            models.Index(
                fields=["consent_until"],
                condition=Q(state="waiting", consent_until__isnull=False),
                name="operation_unconfirmed",
            ),
            models.Index(
                fields=["result_until"], condition=Q(result_until__isnull=False), name="operation_passing"
            ),
            models.Index(
                fields=["queue", "finished_at"],
                condition=Q(finished_at__isnull=False, trimmed_at__isnull=True),
                name="operation_kept",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lane"], condition=Q(state="running") & ~Q(lane=""), name="one_runs_per_lane"
            ),
            models.UniqueConstraint(
                fields=["team", "unique_key"],
                condition=Q(state__in=["queued", "running", "waiting"]) & ~Q(unique_key=""),
                name="operation_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_active(self) -> bool:
        return not self.is_final

    @property
    def awaits_consent(self) -> bool:
        """The passkey of who asked for it has to confirm first."""
        return self.state == State.WAITING and self.consent_until is not None and not self.consent

    @property
    def idempotency_key(self) -> str:
        """The key under which the gateway may see this operation more than once."""
        return f"panel-{self.pk}"

    @property
    def has_started(self) -> bool:
        """A worker has taken it at least once; a pause between ticks still counts as running to a person."""
        return self.started_at is not None


def ids(operation: Operation) -> dict[str, str]:
    """Return what every log line about the operation carries."""
    return {
        "operation": str(operation.pk),
        "kind": operation.kind,
        "team": str(operation.team_id),
        "gateway": operation.gateway_id or "",
    }


class OperationEvent(models.Model):
    """One step of an operation, as the page tells it."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    type = models.CharField(max_length=40)
    phase = models.CharField(max_length=80, blank=True)
    message = models.CharField(max_length=500)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["operation", "seq"], name="operation_event_once")]

    def __str__(self) -> str:
        return self.message


class OperationRequest(models.Model):
    """One HTTP request that a worker made for an operation. Bodies and credentials are never kept."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="requests")
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    trace_id = models.CharField(max_length=80, blank=True)
    idempotency_key = models.CharField(max_length=80, blank=True)
    sent_bytes = models.PositiveBigIntegerField(default=0)
    received_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="operation_request_at")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Result(models.Model):
    """An answer that people may look at for a quarter of an hour (`operations.results` writes and reads it).

    Covered with the results keyset and bound to row, operation, field and team. `in_file`: too large for a row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="results")
    field = models.CharField(max_length=60)
    key_id = models.PositiveBigIntegerField()
    covered = models.BinaryField(default=bytes)
    in_file = models.BooleanField(default=False)
    size = models.PositiveBigIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operation", "field"], name="operation_result_once")]

    def __str__(self) -> str:
        return f"{self.field} of {self.operation_id}, {self.size} bytes"
