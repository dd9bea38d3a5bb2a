"""Names of apps (apply 5.1): what they look like and which ones nobody may have."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")
_RESERVED = frozenset({"sandbox", "www", "api", "localhost", "run402"})


def is_name(value: object) -> bool:
    """3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_reserved(name: str) -> bool:
    """Names the sandbox itself answers under, and the forms of hosts of deployments and of assets."""
    return name in _RESERVED or name.startswith(("dpl-", "pr-"))
