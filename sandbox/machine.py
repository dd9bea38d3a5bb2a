"""Operations on their way: one background thread moves each through its states (apply 2.9)."""

from __future__ import annotations

import threading
import time
from typing import Any

from sandbox.activity import Activity
from sandbox.checks import Checks
from sandbox.clock import Clock
from sandbox.failures import ordered_failure
from sandbox.ids import deployment_id, new_id
from sandbox.release import migrating
from sandbox.release.activation import activate, release_urls
from sandbox.release.state import ReleaseState
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.store.operations import Operation
from sandbox.store.releases import Release

RETRY_SECONDS = 3600
_IDLE_SECONDS = 1.0
_NEXT = {
    "committing": "staging",
    "staging": "activating",
    "gating": "migrating",
    "migrating": "schema_settling",
}
_NEXT |= {"schema_settling": "activating", "activating": "ready"}
_PHASE = {"committing": "validate", "staging": "stage", "gating": "migrate-gate", "migrating": "migrate"}
_PHASE |= {"schema_settling": "schema-settle", "activating": "activate"}


class Machine:
    """State lives in the store alone: a killed process goes on where the last transaction ended."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, activity: Activity) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._activity = activity
        self._checks = Checks(store, clock, settings)
        self._wake = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._running = True
        self._thread = threading.Thread(target=self._run, name="sandbox-machine")
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        with self._wake:
            self._running = False
            self._wake.notify()
        self._thread.join()
        self._thread = None
        self._checks.stop()

    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def enter(self, operation: Operation, status: str) -> bool:
        """Move an operation into a working state and let the thread take it from there."""
        moved = self._move(operation, status, wait=self._settings.phase_seconds)
        with self._wake:
            self._wake.notify()
        return moved

    def _run(self) -> None:
        while self._running:
            for operation in self._store.operations.due(time.time()):
                self._advance(operation.id)
            self._activity.flush()
            self._sleep()

    def _sleep(self) -> None:
        due = self._store.operations.next_due()
        wait = _IDLE_SECONDS if due is None else min(_IDLE_SECONDS, max(0.0, due - time.time()))
        with self._wake:
            if self._running and wait:
                self._wake.wait(wait)

    def _advance(self, operation_id: str) -> None:
        """One step, in one transaction, if it is still due."""
        with self._store.transaction():
            operation = self._store.operations.get(operation_id)
            if operation is None or operation.due_at is None:
                return
            if operation.status == "activation_pending":
                self._move(operation, "activating", wait=self._settings.phase_seconds)
            elif operation.status == "activating":
                self._activate(operation)
            else:
                self._work(operation)

    def _work(self, operation: Operation) -> None:
        """Do what the phase before activation is for, and go to the next one or stumble."""
        error: dict[str, Any] | None = None
        if operation.status == "committing":
            self._stage(operation)
        elif operation.status in ("migrating", "schema_settling"):
            error = self._change_schema(operation)
        error = error or ordered_failure(operation, _PHASE[operation.status])
        if error:
            self._stumble(operation, error)
            return
        self._finish_phase(operation, "done")
        gates = operation.status == "staging" and self._has_schema_work(operation)
        following = "gating" if gates else _NEXT[operation.status]
        self._move(operation, following, wait=self._settings.phase_seconds)

    def _target(self, operation: Operation) -> ReleaseState:
        plan = self._store.plans.get(operation.plan_id or "")
        return ReleaseState.from_json(plan.target) if plan else ReleaseState()

    def _has_schema_work(self, operation: Operation) -> bool:
        return migrating.has_work(self._store, self._target(operation), operation.project_id)

    def _change_schema(self, operation: Operation) -> dict[str, Any] | None:
        target = self._target(operation)
        if operation.status == "schema_settling":
            return migrating.settle(self._store, operation, target)
        return migrating.migrate(self._store, operation, target, now=self._clock.now())

    def _move(self, operation: Operation, status: str, *, wait: float | None) -> bool:
        now = self._clock.now()
        due_at = None if wait is None else time.time() + wait
        moved = self._store.operations.move(
            operation.id, seen=operation.status, status=status, now=now, due_at=due_at
        )
        if moved and status in _PHASE:
            self._event(operation, {"type": "commit.phase", "phase": _PHASE[status], "status": "started"})
        return moved

    def _finish_phase(self, operation: Operation, outcome: str) -> None:
        self._event(operation, {"type": "commit.phase", "phase": _PHASE[operation.status], "status": outcome})

    def _event(self, operation: Operation, body: dict[str, Any]) -> None:
        self._store.operations.add_event(operation.id, body, now=self._clock.now())

    def _stage(self, operation: Operation) -> None:
        """Write the release that will become live; a plan without changes keeps the live one."""
        plan = self._store.plans.get(operation.plan_id or "")
        project = self._store.projects.get(operation.project_id)
        if plan is None or project is None:
            raise LookupError(f"operation {operation.id} has lost its plan or project")
        if plan.answer["is_noop"] and operation.base_release_id:
            self._store.operations.aim(operation.id, operation.base_release_id)
            return
        now = self._clock.now()
        release = Release(
            id=new_id("rel"),
            project_id=project.id,
            parent_id=operation.base_release_id,
            status="staged",
            generation=None,
            deployment_id=deployment_id(now),
            manifest_digest=plan.answer["manifest_digest"],
            operation_id=operation.id,
            plan_id=plan.id,
            state=plan.target,
            created_by=project.owner,
            created_at=now,
            activated_at=None,
            superseded_at=None,
        )
        self._store.releases.create(release)
        self._store.operations.aim(operation.id, release.id)

    def _activate(self, operation: Operation) -> None:
        self._store.operations.count_attempt(operation.id, self._clock.now())
        error = ordered_failure(operation, "activate") or activate(
            self._store, operation, now=self._clock.now()
        )
        if error is None:
            self._succeed(operation)
        else:
            self._stumble(operation, error)

    def _succeed(self, operation: Operation) -> None:
        release = self._store.releases.get(operation.target_release_id or "")
        if release is None:
            raise LookupError(f"operation {operation.id} has lost its release")
        urls = release_urls(self._store, self._settings, release)
        self._store.operations.succeed(operation.id, release.id, urls)
        self._finish_phase(operation, "done")
        self._move(operation, "ready", wait=None)
        self._event(operation, {"type": "commit.phase", "phase": "ready", "status": "done"})
        self._event(
            operation, {"type": "ready", "releaseId": release.id, "release_id": release.id, "urls": urls}
        )
        self._checks.start(operation, release, urls["release"])

    def _stumble(self, operation: Operation, error: dict[str, Any]) -> None:
        """Wait for a resume (or an hour), need repair, or fail for good."""
        status = error.pop("status")
        self._finish_phase(operation, "failed")
        self._store.operations.stumble(operation.id, error)
        self._move(operation, status, wait=RETRY_SECONDS if status == "activation_pending" else None)
        if status == "failed" and operation.target_release_id:
            self._store.releases.fail(operation.target_release_id)
