"""Seals keys and secrets. Web holds the public keyset and can only lock; workers hold the private one.

Tink's HPKE binds each ciphertext to its place (`Context`): moved to another row, field or address it does not open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.db.models import Model
from django.utils.translation import gettext as _

from core.errors import NextStep, Refusal
from core.keysets import Keyset, UnusableKeyset, key_id_of, load

PRIVATE = "PANEL_VAULT_PRIVATE_KEYSET_FILE"
PUBLIC = "PANEL_VAULT_PUBLIC_KEYSET_FILE"


@dataclass(frozen=True)
class Context:
    """Where a ciphertext belongs: table, row and field, and the address of the wallet if there is one."""

    table: str
    row: str
    field: str
    address: str = ""

    def info(self) -> bytes:
        """Return the bytes that HPKE binds."""
        return "\0".join(("run402-panel/v1", self.table, self.row, self.field, self.address.lower())).encode()


class Locked(Refusal):
    """This process cannot do it: it lacks a keyset, or the ciphertext belongs elsewhere. `step` says who can help."""

    def __init__(self, why: str, step: str = "") -> None:
        step = step or give(PRIVATE)
        super().__init__("VAULT_LOCKED", why, next_steps=[NextStep("docs", step)])


def give(variable: str) -> str:
    """Return the next step where a keyset is missing."""
    return _(
        "Whoever operates the panel gives the worker %(variable)s and starts it again; then ask again."
    ) % {"variable": variable}


def put_back(variable: str) -> str:
    """Return the next step where a keyset's file is broken."""
    return _(
        "Whoever operates the panel puts the file that %(variable)s names back; it counts at once. Then ask again."
    ) % {"variable": variable}


def seal(plaintext: bytes, context: Context) -> bytes:
    """Encrypt to the workers. Raises `Locked` without a public keyset, or with one that this worker cannot open."""
    from tink import hybrid

    keyset = _public()
    return cast(bytes, keyset.primitive(hybrid.HybridEncrypt).encrypt(plaintext, context.info()))


def sealer() -> Callable[[bytes, Context], bytes]:
    """Return `seal` for something that is shown only once: it still works when the keysets go missing meanwhile.

    Raises `Locked` now if nothing can be sealed now, so that nobody asks for what could not be kept.
    """
    from tink import hybrid

    held = _public().primitive(hybrid.HybridEncrypt)

    def seal_surely(plaintext: bytes, context: Context) -> bytes:
        try:
            return seal(plaintext, context)
        except Locked:
            return cast(bytes, held.encrypt(plaintext, context.info()))

    return seal_surely


def unseal(ciphertext: bytes, context: Context) -> bytes:
    """Decrypt in a worker. Raises `Locked` without the private keyset, or when the context is not the sealed one."""
    from tink import TinkError, hybrid

    keyset, ciphertext = _private(), bytes(ciphertext)
    try:
        return cast(bytes, keyset.primitive(hybrid.HybridDecrypt).decrypt(ciphertext, context.info()))
    except TinkError:
        raise _closed(keyset, ciphertext) from None


def unseal_field(row: Model, field: str, context: Context) -> bytes:
    """Decrypt a row's column; read it anew when it does not open, since keys may have been changed under the row."""
    sealed = bytes(getattr(row, field))
    try:
        return unseal(sealed, context)
    except Locked:
        now = type(row)._base_manager.filter(pk=row.pk).values_list(field, flat=True).first()
        if not now or bytes(now) == sealed:
            raise
        return unseal(bytes(now), context)


def present_key() -> int:
    """Return the id of the key that this process seals with. Raises `Locked`."""
    return _public().primary


def can_unseal() -> bool:
    """Say whether this process holds the private keyset, readable now."""
    try:
        return bool(_private())
    except Locked:
        return False


def _private() -> Keyset:
    if not settings.VAULT_PRIVATE_KEYSET:
        raise Locked(_("This process holds no private keyset: only workers can unlock. Nothing was done."))
    try:
        return load(settings.VAULT_PRIVATE_KEYSET, secret=True)
    except UnusableKeyset as error:
        why = _("This worker cannot use its private keyset: %(why)s. Nothing was done.") % {"why": error}
        raise Locked(why, put_back(PRIVATE)) from None


def _public() -> Keyset:
    if not settings.VAULT_PUBLIC_KEYSET:
        raise Locked(_("No public keyset is configured, so nothing can be sealed."), give(PUBLIC))
    try:
        keyset = load(settings.VAULT_PUBLIC_KEYSET, secret=False)
    except UnusableKeyset as error:
        why = _("The public keyset cannot be used, so nothing can be sealed: %(why)s.") % {"why": error}
        raise Locked(why, put_back(PUBLIC)) from None
    _require_own(keyset)
    return keyset


def _require_own(public: Keyset) -> None:
    """Refuse to seal what this very worker could not open: its two files are of different ages or instances."""
    if settings.VAULT_PRIVATE_KEYSET and public.primary not in _private().ids:
        raise Locked(
            _("The worker's public keyset does not belong to its private one, so nothing is sealed."),
            put_back(PUBLIC),
        )


def _closed(keyset: Keyset, ciphertext: bytes) -> Locked:
    """Say why a ciphertext stays closed: its key is not here, or it was changed or moved."""
    key_id = key_id_of(ciphertext)
    if key_id in keyset.ids:
        return Locked(
            _("A sealed value does not open: it was changed, or sealed for another place."),
            _("Import or make it again; whoever operates the panel looks who wrote into the database."),
        )
    return Locked(
        _("A sealed value does not open: it was sealed with key %(key)s, which the worker does not hold.")
        % {"key": key_id},
        _(
            "Whoever operates the panel gives the worker the keyset that holds this key, and every web process the"
            " current vault-public.json; then ask again."
        ),
    )
