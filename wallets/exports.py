"""A wallet's key leaves the panel, on the worker's machine: written down first, marked for good, then handed out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

import run402
from audit.record import Actor, Subject, record
from core.errors import NextStep, Refusal
from wallets import signer, vault
from wallets.models import Wallet

FORMATS = ("allowance", "raw", "keystore")


def open_key(wallet: Wallet) -> bytes:
    """Return the key in clear, in a worker. Raises `Locked`, or Refusal when the wallet has none of its own."""
    if not wallet.has_key or not wallet.key_sealed:
        raise Refusal(
            "WALLET_NOT_READY",
            _("This wallet has no key to export: it was not made yet, or could not be."),
            next_steps=[NextStep("wallets", _("Look at its page in the panel."))],
        )
    key = vault.unseal_field(wallet, "key_sealed", signer.key_context(wallet))
    if run402.address_of(key).lower() != wallet.address.lower():
        raise Refusal(
            "WALLET_KEY_MISMATCH",
            _("The sealed key does not belong to this wallet's address. Look who wrote into the database."),
        )
    return key


@transaction.atomic
def mark(wallet: Wallet, *, actor: Actor, by: str, details: Mapping[str, Any]) -> None:
    """Record the export and mark the wallet for good. Nothing is handed out before this is committed."""
    wallet.exported_at, wallet.exported_by = timezone.now(), by[:200]
    wallet.save(update_fields=["exported_at", "exported_by"])
    subject = Subject("wallet", str(wallet.pk), wallet.label)
    record(
        "wallet.exported",
        team_id=wallet.team_id,
        actor=actor,
        subject=subject,
        details={"address": wallet.address, "by": by, **details},
    )


def document(wallet: Wallet, key: bytes, form: str, password: str = "") -> str:
    """Return the text to hand out: the CLI's allowance.json, plain hexadecimal digits, or a keystore (version 3)."""
    if form == "raw":
        return f"0x{key.hex()}\n"
    if form == "keystore":
        return _keystore(key, password)
    fields = {
        "address": wallet.address,
        "privateKey": f"0x{key.hex()}",
        "created": wallet.created_at.isoformat(),
        "funded": wallet.faucet_at is not None,
        "rail": wallet.rail,
    }
    return json.dumps(fields, indent=2)


def _keystore(key: bytes, password: str) -> str:
    """Encrypt with scrypt at the parameters that wallets expect (n 262144, r 8, p 1): half a second, 256 MB."""
    from eth_account import Account

    made = Account.encrypt(key, password, kdf="scrypt", iterations=262_144)
    return json.dumps(made, indent=2) + "\n"
