"""Keystores (version 3): keys that a password covers. Web looks at their shape and cost, workers open them.

check(document)             anywhere: raises Refusal for what is no keystore, or takes too much to open
packed(document, password)  the bytes that web seals instead of a key
key_in(arrived)             in a worker: the key in what was sealed, a key itself or a packed keystore
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal

KEY_BYTES = 32
#: What wallets write: scrypt with n 262144, r 8, p 1 (256 MB, seconds), PBKDF2 with 262144 or a million rounds.
MOST_SCRYPT_BYTES = 256 * 1024 * 1024
MOST_SCRYPT_WORK = 262_144 * 8
MOST_ROUNDS = 2_000_000
MOST_PASSWORD = 1_000
_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)")
_SIZES = {"iv": 16, "ciphertext": KEY_BYTES, "mac": 32}


def looks_like_one(document: Any) -> bool:
    """Say whether somebody means a keystore by it."""
    return isinstance(document, dict) and ("crypto" in document or "Crypto" in document)


def check(document: Mapping[str, Any]) -> None:
    """Raise Refusal unless it is a keystore of version 3 that a worker may open."""
    if document.get("version") != 3:
        raise _refused(_("Only keystores of version 3 can be imported."))
    try:
        _bytes(_cipher(document)), _salt(document)
        cost = _scrypt_cost(document) if _kdf(document) == "scrypt" else _rounds(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _refused(
            _(
                "This keystore is damaged, or of a kind that the panel does not know. Export it again as version 3."
            )
        ) from None
    if cost > 1:
        raise Refusal(
            "KEYSTORE_COST",
            _(
                "Opening this keystore would take too much memory or time. Export it again with usual settings."
            ),
            field="key",
        )


def packed(document: Mapping[str, Any], password: str) -> bytes:
    """Return keystore and password as one value, to be sealed at once."""
    return json.dumps({"keystore": document, "password": password}, separators=(",", ":")).encode()


def key_in(arrived: bytes) -> bytes:
    """Return the key in what web sealed. Raises Refusal for a wrong password, and as `check` does."""
    if len(arrived) == KEY_BYTES:
        return arrived
    found = json.loads(arrived)
    check(found["keystore"])
    return _opened(found["keystore"], str(found["password"]))


def _opened(document: Mapping[str, Any], password: str) -> bytes:
    """Open it as other wallets do; OpenSSL's scrypt would refuse what some of them wrote (r 1)."""
    from eth_account import Account

    try:
        return bytes(Account.decrypt(dict(document), password))
    except ValueError:  # what was checked above can fail in its mark alone
        raise Refusal(
            "KEYSTORE_PASSWORD",
            _("This password does not open the keystore. Nothing was kept."),
            field="password",
        ) from None


def _crypto(document: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["crypto"] if "crypto" in document else document["Crypto"]
    return found


def _cipher(document: Mapping[str, Any]) -> dict[str, str]:
    crypto = _crypto(document)
    if crypto["cipher"] != "aes-128-ctr":
        raise ValueError("cipher")
    return {"iv": crypto["cipherparams"]["iv"], "ciphertext": crypto["ciphertext"], "mac": crypto["mac"]}


def _bytes(fields: Mapping[str, str]) -> dict[str, bytes]:
    found = {name: _hex(value) for name, value in fields.items()}
    if {name: len(value) for name, value in found.items()} != _SIZES:
        raise ValueError("sizes")
    return found


def _hex(value: str) -> bytes:
    match = _HEX.fullmatch(value)
    if match is None:
        raise ValueError("hex")
    return bytes.fromhex(match[1])


def _kdf(document: Mapping[str, Any]) -> str:
    name, numbers = _crypto(document)["kdf"], _crypto(document)["kdfparams"]
    if name not in ("scrypt", "pbkdf2") or numbers["dklen"] != 32:
        raise ValueError("kdf")
    if name == "pbkdf2" and numbers["prf"] != "hmac-sha256":
        raise ValueError("prf")
    return str(name)


def _salt(document: Mapping[str, Any]) -> bytes:
    return _hex(_crypto(document)["kdfparams"]["salt"])


def _scrypt_cost(document: Mapping[str, Any]) -> float:
    """Return how much of what a worker gives it would take."""
    numbers = _crypto(document)["kdfparams"]
    n, r, p = (_whole(numbers[name]) for name in "nrp")
    if n < 2 or n & (n - 1):
        raise ValueError("n")
    return max(128 * n * r / MOST_SCRYPT_BYTES, n * r * p / MOST_SCRYPT_WORK)


def _rounds(document: Mapping[str, Any]) -> float:
    return _whole(_crypto(document)["kdfparams"]["c"]) / MOST_ROUNDS


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**40:
        raise ValueError("number")
    return value


def _refused(why: str) -> Refusal:
    return Refusal("KEYSTORE_SHAPE", why, field="key")
