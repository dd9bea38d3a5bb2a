"""What must not reach a log: the one-time tokens that stand in addresses."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

#: Addresses whose next part is a token. They may stand in another one's query, where the slash is escaped.
TOKEN = re.compile(r"((?:/|%2F)(?:invitation|recover)(?:/|%2F))[\w-]+", re.IGNORECASE)


def hide_tokens(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take the tokens out of every text of a log line, whoever writes it (a processor of structlog)."""
    for name, value in event.items():
        if isinstance(value, str) and ("invitation" in value or "recover" in value):
            event[name] = TOKEN.sub(r"\1…", value)
    return event
