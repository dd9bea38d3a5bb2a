"""Identifiers with the contract's prefixes (apply 0.4)."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def deployment_id(moment: float) -> str:
    """`dpl_<milliseconds>_<6 hex>`, whose host is the same with hyphens (apply 5.1)."""
    return f"dpl_{int(moment * 1000)}_{secrets.token_hex(3)}"


def transaction_hash() -> str:
    return f"0x{secrets.token_hex(32)}"


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no white space, UTF-8 (apply 2.15)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()
