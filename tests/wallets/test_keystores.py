"""Keystores as other wallets write them, and those that would cost a worker too much."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from eth_account import Account

from core.errors import Refusal
from wallets import keystores

SECRET = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
PASSWORD = "testpassword"
#: The two test vectors of the Web3 Secret Storage Definition.
SCRYPT: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 262144,
            "r": 1,
            "p": 8,
            "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
        },
        "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
PBKDF2: dict[str, Any] = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}


def changed(document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the keystore with other fields of `crypto`, or of `kdfparams` where such a field is there."""
    made = copy.deepcopy(document)
    for name, value in fields.items():
        place = made["crypto"]["kdfparams"] if name in made["crypto"]["kdfparams"] else made["crypto"]
        place[name] = value
    return made


@pytest.mark.parametrize("document", [SCRYPT, PBKDF2, {"Crypto": SCRYPT["crypto"], "version": 3}])
def test_the_definitions_own_keystores_open(document: dict[str, Any]) -> None:
    assert keystores.key_in(keystores.packed(document, PASSWORD)).hex() == SECRET


def test_what_other_wallets_write_opens_at_its_usual_cost() -> None:
    document = Account.encrypt(bytes.fromhex(SECRET), "pässword", kdf="scrypt", iterations=262_144)
    assert keystores.key_in(keystores.packed(document, "pässword")).hex() == SECRET


def test_a_key_alone_is_the_key() -> None:
    assert keystores.key_in(b"k" * 32) == b"k" * 32


def test_a_wrong_password_says_so() -> None:
    with pytest.raises(Refusal) as refused:
        keystores.key_in(keystores.packed(PBKDF2, "other"))
    assert refused.value.fault.code == "KEYSTORE_PASSWORD"


@pytest.mark.parametrize(
    "document",
    [
        changed(SCRYPT, n=2**19),
        changed(SCRYPT, r=16, p=8),
        changed(SCRYPT, n=1024, p=2**12),
        changed(SCRYPT, n=2**39),
        changed(PBKDF2, c=2_000_001),
    ],
)
def test_a_costly_keystore_is_refused_before_anything_is_computed(document: dict[str, Any]) -> None:
    for judge in (keystores.check, lambda found: keystores.key_in(keystores.packed(found, PASSWORD))):
        with pytest.raises(Refusal) as refused:
            judge(document)
        assert refused.value.fault.code == "KEYSTORE_COST"


@pytest.mark.parametrize(
    "document",
    [
        {**SCRYPT, "version": 1},
        {**SCRYPT, "crypto": []},
        changed(SCRYPT, kdf="argon2"),
        changed(SCRYPT, cipher="aes-128-cbc"),
        changed(SCRYPT, cipherparams={"iv": "00"}),
        changed(SCRYPT, ciphertext="zz"),
        changed(SCRYPT, dklen=64),
        changed(SCRYPT, n=True),
        changed(SCRYPT, n=262143),
        changed(SCRYPT, p=0),
        changed(SCRYPT, salt=7),
        changed(PBKDF2, prf="hmac-md5"),
        changed(PBKDF2, c="262144"),
    ],
)
def test_what_is_no_keystore_that_the_panel_knows_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        keystores.check(document)
    assert refused.value.fault.code == "KEYSTORE_SHAPE"
