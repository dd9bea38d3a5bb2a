"""Keeps out of the logs what only the holder of an address may know: capabilities and one-time tokens."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

#: Addresses whose next part is a token. They may stand in another one's query, where the slash is escaped.
TOKEN = re.compile(r"((?:/|%2F)(?:invitation|recover)(?:/|%2F))[\w-]+", re.IGNORECASE)


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


def hide_tokens(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take the tokens out of every text of a log line, whoever writes it (a processor of structlog)."""
    for name, value in event.items():
        if isinstance(value, str) and ("invitation" in value or "recover" in value):
            event[name] = TOKEN.sub(r"\1…", value)
    return event
