"""What a second person approves: one frozen document, its digest, and the digest as six words.

Every field stands in it in a fixed spelling (canonical JSON), so one byte off is another digest and other words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from operations.models import Operation
from operations.registry import kinds
from wallets import payees
from wallets.models import Wallet
from wallets.models.passkey import in_utc

FORMAT = "run402-panel/approval/v1"
#: Six words of the BIP-39 list of 2,048 stand for the first 66 bits of a digest.
WORDS, BITS_PER_WORD = 6, 11
#: What each field is called; a kind's own fields are among them.
FIELDS = {
    "kind": gettext_lazy("what is done"),
    "asked_by": gettext_lazy("who asks"),
    "purpose": gettext_lazy("what it is for"),
    "body": gettext_lazy("what is sent"),
    "spec": gettext_lazy("the spec"),
    "base_release": gettext_lazy("the base release"),
    "diff": gettext_lazy("the changes"),
    "project": gettext_lazy("the project"),
    "wallet": gettext_lazy("the wallet"),
    "gateway": gettext_lazy("the gateway"),
    "payee": gettext_lazy("who is paid"),
    "network": gettext_lazy("the network"),
    "maximum_micros": gettext_lazy("the sum"),
    "expires": gettext_lazy("until when it counts"),
}
Document = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """What an operation wants to pay, at most, as its kind knows it. `cost` is a key of `wallets.thresholds.KINDS`.

    What is no payment has no network; without a wallet it is about the team itself.
    """

    wallet: Wallet | None
    micros: int
    network: str
    cost: str
    purpose: str


def of(operation: Operation, ask: Ask, expires_at: datetime) -> Document:
    """Return the document as things stand now, in a worker: it alone can tell a genuine payee."""
    about = kinds.get(operation.kind).approves
    own = about(operation) if about else {}
    return {
        "format": FORMAT,
        "operation": str(operation.pk),
        "kind": operation.kind,
        "team": str(operation.team_id),
        "asked_by": str(operation.actor_id or ""),
        "purpose": ask.purpose,
        "body": sha256(canonical(operation.args)),
        **own,
        "project": str(operation.project_id or ""),
        **_paid_from(ask.wallet),
        "network": ask.network,
        "maximum_micros": ask.micros,
        "expires": in_utc(expires_at),
    }


def _paid_from(wallet: Wallet | None) -> Document:
    if wallet is None:
        return {"wallet": "", "gateway": "", "payee": ""}
    return {
        "wallet": f"{wallet.pk}/{wallet.address.lower()}",
        "gateway": wallet.gateway.url,
        "payee": payees.known(wallet.team_id, wallet.gateway).lower(),
    }


def canonical(value: object) -> bytes:
    """Return the one spelling of a JSON value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def sha256(covered: bytes) -> str:
    """Return the digest in hex."""
    return hashlib.sha256(covered).hexdigest()


def digest(document: Mapping[str, Any]) -> str:
    """Return what an approval covers, in hex."""
    return sha256(canonical(document))


def words(digest: str) -> tuple[str, ...]:
    """Return a digest's first 66 bits as six words.

    >>> words("00" * 32)
    ('abandon', 'abandon', 'abandon', 'abandon', 'abandon', 'abandon')
    >>> words("ff" * 32)
    ('zoo', 'zoo', 'zoo', 'zoo', 'zoo', 'zoo')
    """
    number, listed = int(digest, 16), _list()
    shifts = (256 - BITS_PER_WORD * (place + 1) for place in range(WORDS))
    return tuple(listed[(number >> shift) % len(listed)] for shift in shifts)


@cache
def _list() -> tuple[str, ...]:
    """Return the English list of BIP-39 that eth-account ships. Finding it does not load the package, which is slow."""
    found = find_spec("eth_account")
    folder = Path(next(iter((found and found.submodule_search_locations) or ())))
    return tuple((folder / "hdaccount" / "wordlist" / "english.txt").read_text(encoding="utf-8").split())


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words which fields are others than were approved; every request has an expiry of its own."""
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key) and key != "expires"]
    return [str(FIELDS.get(key, key)) for key in changed] or [_("its text")]
