"""Keeps out of the logs what only the holder of an address may know."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest


def shown_address(request: HttpRequest) -> str:
    """Return the address of a request as logs may show it."""
    for prefix in settings.UNLOGGED_PATHS:
        if request.path_info.startswith(prefix):
            return f"{prefix}…"
    return request.get_full_path()


class HideAddresses(logging.Filter):
    """Replaces such an address in the lines that Django itself writes about a refused request."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and request.path_info.startswith(settings.UNLOGGED_PATHS):
            record.msg, record.args = record.getMessage().replace(request.path, shown_address(request)), ()
        return True
