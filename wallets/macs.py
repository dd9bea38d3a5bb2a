"""Marks that only a worker can make: a MAC over the bytes of a row. The key is in the worker's environment only."""

from __future__ import annotations

import functools
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext as _

from wallets.vault import Locked


def compute(covered: bytes) -> bytes:
    """Return the MAC over the bytes. Raises `Locked` outside a worker."""
    return cast(bytes, _mac(settings.POLICY_MAC_KEYSET).compute_mac(covered))


def holds(made: bytes, covered: bytes) -> bool:
    """Say whether a worker made this MAC over these bytes. Raises `Locked` outside a worker, or without its key."""
    from tink import TinkError

    keyset = _mac(settings.POLICY_MAC_KEYSET)
    try:
        keyset.verify_mac(bytes(made), covered)
    except TinkError:
        return False
    return True


@functools.lru_cache(maxsize=4)
def _mac(keyset: str) -> Any:
    if not keyset:
        raise Locked(_("This process holds no policy key: only workers write and check what it covers."))
    from tink import json_proto_keyset_format, mac, secret_key_access

    mac.register()
    return json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN).primitive(mac.Mac)
