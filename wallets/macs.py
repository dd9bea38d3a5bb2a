"""Marks that only a worker can make: a MAC over the bytes of a row. The key is in the worker's environment only."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.utils.translation import gettext as _

from core.keysets import Keyset, UnusableKeyset, key_id_of, load
from wallets.vault import Locked, give, put_back

KEYSET = "PANEL_POLICY_MAC_KEYSET_FILE"


def compute(covered: bytes) -> bytes:
    """Return the MAC over the bytes. Raises `Locked` outside a worker."""
    from tink import mac

    return cast(bytes, _keyset().primitive(mac.Mac).compute_mac(covered))


def holds(made: bytes, covered: bytes) -> bool:
    """Say whether a worker made this MAC over these bytes. Raises `Locked` outside a worker, or without its key."""
    from tink import TinkError, mac

    keyset = _keyset()
    try:
        keyset.primitive(mac.Mac).verify_mac(bytes(made), covered)
    except TinkError:
        return False
    return True


def names_an_absent_key(made: bytes) -> bool:
    """Say whether a MAC that does not hold was made, as it says, with a key that this worker lacks."""
    return key_id_of(bytes(made)) not in (0, *_keyset().ids)


def present_key() -> int:
    """Return the id of the key that new MACs are made with. Raises `Locked`."""
    return _keyset().primary


def can_check() -> bool:
    """Say whether this process holds the policy key, readable now."""
    try:
        return bool(_keyset())
    except Locked:
        return False


def _keyset() -> Keyset:
    if not settings.POLICY_MAC_KEYSET:
        raise Locked(
            _("This process holds no policy key: only workers write and check spending limits."), give(KEYSET)
        )
    try:
        return load(settings.POLICY_MAC_KEYSET, secret=True)
    except UnusableKeyset as error:
        why = _("This worker cannot use its policy key: %(why)s. Nothing is paid.") % {"why": error}
        raise Locked(why, put_back(KEYSET)) from None
