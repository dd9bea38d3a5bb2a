"""The two ways gateways speak, behind one interface: plan, send what is missing, commit, follow.

``cloud`` is what the published SDK speaks; ``core`` is the self-hosted Run402 Core: no sign-in, no payment, SQL
inline, functions restated, bytes as base64, and a commit that is over when it answers (contract: apply 2.14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from run402 import x402
from run402.resources.plans import ApplyOperation, Commit, Plan
from run402.spec.release import ReleaseSpec

#: Gets a digest, the bytes of it that were sent so far, and its size.
OnPart = Callable[[str, int, int], None]
OnOperation = Callable[[ApplyOperation], None]


class Dialect(Protocol):
    """One release of one project, in the gateway's own words. Nothing here retries or decides."""

    def plan(
        self,
        spec: ReleaseSpec,
        *,
        dry_run: bool,
        idempotency_key: str | None,
        required_plan: Mapping[str, Any] | None,
    ) -> Plan:
        """Ask what the spec would change."""

    def send_missing(self, spec: ReleaseSpec, plan: Plan, on_part: OnPart) -> None:
        """Upload the bytes that the plan lacks."""

    def commit(
        self,
        plan: Plan,
        *,
        idempotency_key: str | None,
        purchase: x402.Purchase | None,
        required_plan: Mapping[str, Any] | None,
    ) -> x402.Paid[Commit]:
        """Start the release."""

    def follow(self, commit: Commit, on_operation: OnOperation) -> ApplyOperation:
        """Wait for its end. Raises ReleaseFailed when it is a bad one."""
