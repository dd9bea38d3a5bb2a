"""Who may have an operation done, decided or stopped: asked by the service that is told to, and again by the worker."""

from __future__ import annotations

from operations.models import Operation
from operations.registry import kinds
from teams.models import User
from teams.permissions import Action, NotAllowed, still_allowed


def may(operation: Operation, user: User | None, action: Action | None = None) -> bool:
    """Say whether the person may right now, by their role and what they reach. The kind names the action by itself."""
    if action is None and operation.kind not in kinds:
        return False
    return still_allowed(
        user,
        operation.team,
        action or kinds.get(operation.kind).action,
        project_id=operation.project_id,
        wallet_id=operation.wallet_id,
    )


def require(operation: Operation, user: User | None, action: Action | None = None) -> None:
    """Raise NotAllowed unless the person may."""
    if not may(operation, user, action):
        raise NotAllowed
