"""The worker's task of this room."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.db import close_old_connections

from audit import heads, keys

log = structlog.get_logger(__name__)


@shared_task(name="audit.sign_heads")
def sign_heads() -> int:
    """Sign the heads that moved since the last time."""
    close_old_connections()
    return heads.sign_moved()


@worker_ready.connect
def tell_missing_keyset(**kwargs: Any) -> None:
    """Say once, when the worker starts, that it cannot sign; nothing else depends on it."""
    if not settings.AUDIT_SIGNING_KEYSET:
        log.warning("audit_signing_keyset_missing", hint=keys.NO_SIGNING_KEYSET)
