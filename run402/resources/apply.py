"""Applying a release: plan, commit, follow, resume (contract: apply 2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from run402 import errors, reading, x402
from run402.buying import buy
from run402.reading import Document
from run402.resources.following import BUDGET_SECONDS, follow
from run402.resources.plans import (
    ApplyOperation,
    ApplyOperationPage,
    Commit,
    Plan,
    read_commit,
    read_operation,
    read_operation_page,
    read_plan,
)
from run402.routes import anon, route
from run402.spec.spelling import cloud_reference, cloud_spelling
from run402.wire import Call, Wire, json_call

T = TypeVar("T")

MAX_PLAN_BYTES = 5_242_880


class ApplyResource:
    """``client.apply``. Planning and committing sign in; reading needs the project's anon key.

    >>> import httpx
    >>> from run402 import Client
    >>> answer = {"operation_id": "op_1", "status": "ready"}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
    >>> client = Client("https://api.run402.com", transport=transport)
    >>> client.apply.operation("op_1", anon_key="anon").terminal
    True
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def plan(
        self,
        spec: Mapping[str, Any],
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        manifest_ref: Mapping[str, Any] | None = None,
        for_review: bool = False,
        required_plan: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Ask what ``spec`` would change. A dry run stores nothing and sends no key and no ``manifest_ref``.

        ``for_review`` stores the plan for a person to see, without a key; its ``reviewed`` is then the
        ``required_plan`` of the call that is committed, which newer gateways hold to it.

        Known camelCase keys of the spec are sent in snake_case. Raises Run402Error, before anything is sent,
        for a spec over the inline limit: upload it as content then and pass ``manifest_ref``.
        """
        key = None if dry_run or for_review else idempotency_key
        body: dict[str, Any] = {"spec": cloud_spelling(spec)}
        if for_review:
            body["mode"] = "reviewed_plan"
        if required_plan is not None:
            body["required_plan"] = dict(required_plan)
        if manifest_ref is not None and not dry_run:
            body["manifest_ref"] = cloud_reference(manifest_ref)
        if key is not None:
            body["idempotency_key"] = key
        path = route("/apply/v1/plans", query={"dry_run": "true" if dry_run else None})
        call = json_call("POST", path, body, sign_in=True, idempotency_key=key, key_in_body=True)
        _require_inline(call, dry_run=dry_run)
        return self._wire.read(call, read_plan)

    def commit(
        self,
        plan_id: str,
        *,
        idempotency_key: str | None = None,
        purchase: x402.Purchase | None = None,
        required_plan: Mapping[str, Any] | None = None,
    ) -> x402.Paid[Commit]:
        """Start the planned release. Raises as ``tiers.set`` does when the gateway asks for money."""
        body: dict[str, Any] = {}
        if idempotency_key is not None:
            body["idempotency_key"] = idempotency_key
        if required_plan is not None:
            body["required_plan"] = dict(required_plan)
        call = json_call(
            "POST",
            route("/apply/v1/plans/{}/commit", plan_id),
            body,
            sign_in=True,
            idempotency_key=idempotency_key,
            key_in_body=purchase is None,  # a call that may be paid has it as a header too (wire README, 2)
        )
        return buy(self._wire, call, purchase, read_commit)

    def operation(self, operation_id: str, *, anon_key: str) -> ApplyOperation:
        """Where a release stands."""
        return self._get(route("/apply/v1/operations/{}", operation_id), anon_key, read_operation)

    def operations(
        self, *, anon_key: str, limit: int | None = None, cursor: str | None = None
    ) -> ApplyOperationPage:
        """The project's operations; there is no list of releases, each row names the one it made."""
        path = route("/apply/v1/operations", query={"limit": limit, "cursor": cursor})
        return self._get(path, anon_key, read_operation_page)

    def events(self, operation_id: str, *, anon_key: str) -> tuple[Document, ...]:
        """Everything that happened so far, oldest first, as the gateway words it."""
        path = route("/apply/v1/operations/{}/events", operation_id)
        return self._get(path, anon_key, lambda doc: reading.documents(doc, "events"))

    def resume(self, operation_id: str) -> ApplyOperation:
        """Run the failed phase again, never SQL. Raises Conflict when the operation is not resumable."""
        call = Call("POST", route("/apply/v1/operations/{}/resume", operation_id), sign_in=True)
        return self._wire.read(call, read_operation)

    def follow(
        self,
        operation_id: str,
        *,
        anon_key: str,
        resume: bool = False,
        on_operation: Callable[[ApplyOperation], None] = lambda operation: None,
        sleep: Callable[[float], None] = time.sleep,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> ApplyOperation:
        """Wait for a release to be live, after pushing it on when ``resume`` says so; see ``following.follow``."""
        if resume:
            self.resume(operation_id)
        return follow(
            lambda: self.operation(operation_id, anon_key=anon_key),
            on_operation=on_operation,
            sleep=sleep,
            budget_seconds=budget_seconds,
        )

    def _get(self, path: str, anon_key: str, reader: Callable[[Document], T]) -> T:
        return self._wire.read(Call("GET", path, headers=anon(anon_key)), reader)


def _require_inline(call: Call, *, dry_run: bool) -> None:
    size = len(call.body or b"")
    if size > MAX_PLAN_BYTES:
        raise errors.Run402Error(
            f"The release description has {size} bytes; at most {MAX_PLAN_BYTES} can be sent inline.",
            code="DRY_RUN_REQUIRES_INLINE_SPEC" if dry_run else "SPEC_TOO_LARGE",
            mutation_state="not_started",
            details={"size": size, "limit": MAX_PLAN_BYTES},
        )
