"""The record says that it was restored: what people did after the backup is not in it."""

from __future__ import annotations

from uuid import UUID

from audit.models import Chain
from audit.record import SYSTEM, record
from core.machine import os_user
from core.registry import Restored


def tell(restored: Restored) -> None:
    """Record the restore in every chain there is, and in the instance's own."""
    details = {"backup": restored.made_at.isoformat(timespec="seconds"), "by": os_user()}
    keys = set(Chain.objects.values_list("key", flat=True)) | {""}
    for key in sorted(keys):
        record("instance.restored", team_id=UUID(key) if key else None, actor=SYSTEM, details=details)
