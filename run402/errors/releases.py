"""What goes wrong with a release: its description, its warnings, its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from run402.errors.base import Run402Error

if TYPE_CHECKING:
    from run402.resources.plans import ApplyOperation, PlanWarning


class Problem(NamedTuple):
    """One objection to a release description: the contract's code, the field's path, and a sentence.

    >>> Problem("INVALID_SPEC", "site.patch", "must be an object.").path
    'site.patch'
    """

    code: str
    path: str
    message: str


class SpecInvalid(Run402Error):
    """A release description breaks the contract's rules. ``problems`` holds every objection, in its order."""

    default_code = "INVALID_SPEC"
    default_category = "validation"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, *rest = self.problems = tuple(problems)
        others = f" (and {len(rest)} more)" if rest else ""
        super().__init__(
            f"{first.path}: {first.message}{others}" if first.path else f"{first.message}{others}",
            code=first.code,
            mutation_state="not_started",
            details={"problems": [problem._asdict() for problem in self.problems]},
        )


class WarningsUnconfirmed(Run402Error):
    """A plan has blocking warnings that nobody confirmed; nothing was uploaded or committed.

    ``warnings`` are the ones to confirm. Confirming happens on our side: gateways are not told (contract: apply 2.10).
    """

    default_code = "DEPLOY_WARNING_REQUIRES_CONFIRMATION"
    default_category = "validation"

    def __init__(self, warnings: Sequence[PlanWarning]) -> None:
        self.warnings = tuple(warnings)
        codes = [warning.code for warning in self.warnings]
        missing = "MISSING_REQUIRED_SECRET"
        super().__init__(
            f"The plan has warnings to confirm first: {', '.join(codes)}.",
            code=missing if missing in codes else codes[0],
            mutation_state="not_started",
            details={"unacknowledged_warning_codes": codes, "warnings": [item.raw for item in self.warnings]},
        )


class ReleaseFailed(Run402Error):
    """A release ended without going live. ``operation`` is its last snapshot, with the gateway's own error."""

    default_code = "ACTIVATION_FAILED"
    default_category = "deploy"

    def __init__(self, operation: ApplyOperation) -> None:
        self.operation = operation
        told = operation.error or {}
        said = told.get("message") or f"The release ended as {operation.status}."
        code, details = told.get("code"), told.get("details")
        super().__init__(
            str(said),
            code=code.upper() if isinstance(code, str) and code else None,
            retryable=told.get("retryable") is True,
            safe_to_retry=told.get("safe_to_retry") is True,
            mutation_state=str(told.get("mutation_state") or _MUTATION_OF.get(operation.status, "unknown")),
            next_actions=told["next_actions"] if isinstance(told.get("next_actions"), list) else (),
            hint=told["hint"] if isinstance(told.get("hint"), str) else None,
            details={
                **(details if isinstance(details, Mapping) else {}), "operation_id": operation.operation_id,
            },
            body=dict(told),
        )  # fmt: skip


_MUTATION_OF = {"rolled_back": "rolled_back", "needs_repair": "partial"}
