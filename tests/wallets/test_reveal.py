"""Handing a key to one browser tab: HPKE by the book, opened by the tab's key alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import Refusal
from wallets import reveal

INFO = reveal.info(uuid.UUID(int=1), uuid.UUID(int=2), "wallet.export")


@pytest.fixture
def tab() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def opened(sealed: str, tab: ec.EllipticCurvePrivateKey, info: bytes) -> bytes:
    """Open it step by step as RFC 9180 says, with nothing of a library for HPKE."""
    data = base64.urlsafe_b64decode(f"{sealed}{'=' * (-len(sealed) % 4)}")
    sender, ciphertext = data[:65], data[65:]
    shared = tab.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"
    secret = _expand(
        _extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", sender + point(tab.public_key()), 32
    )
    context = b"\x00" + _extract(b"", suite, b"psk_id_hash", b"") + _extract(b"", suite, b"info_hash", info)
    schedule = _extract(secret, suite, b"secret", b"")
    key, nonce = (
        _expand(schedule, suite, label, context, size) for label, size in ((b"key", 32), (b"base_nonce", 12))
    )
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


def _extract(salt: bytes, suite: bytes, label: bytes, keying: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + keying, "sha256")


def _expand(secret: bytes, suite: bytes, label: bytes, info: bytes, size: int) -> bytes:
    labeled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, labeled + b"\x01", hashlib.sha256)[:size]


def test_what_is_sealed_opens_by_the_steps_of_the_standard(tab: ec.EllipticCurvePrivateKey) -> None:
    sealed = reveal.seal_to(reveal.encode(point(tab.public_key())), b"0xkey", INFO)
    assert opened(sealed, tab, INFO) == b"0xkey"


def test_another_tab_or_another_operation_opens_nothing(tab: ec.EllipticCurvePrivateKey) -> None:
    sealed = reveal.seal_to(reveal.encode(point(tab.public_key())), b"0xkey", INFO)
    with pytest.raises(InvalidTag):
        opened(sealed, ec.generate_private_key(ec.SECP256R1()), INFO)
    with pytest.raises(InvalidTag):
        opened(sealed, tab, reveal.info(uuid.UUID(int=3), uuid.UUID(int=2), "wallet.export"))


@pytest.mark.parametrize(
    "reader",
    ["", "AAAA", "é" * 87, "A" * 87, "!" * 87, reveal.encode(b"\x04" + b"\x01" * 64), "A" * 5000],
    ids=["nothing", "short", "letters", "no point", "signs", "off the curve", "long"],
)
def test_what_is_no_key_is_refused(reader: str) -> None:
    with pytest.raises(Refusal, match="no usable key"):
        reveal.public_key(reader)
