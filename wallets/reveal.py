"""Hands a key to one browser tab: HPKE to the public half of a pair that the tab made and whose other half it keeps.

DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180, base mode): every browser's WebCrypto has what it takes.
The other end is `static/js/reveal.js`.
"""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.utils.translation import gettext as _

from core.errors import Refusal

POINT_BYTES = 65
SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_to(reader: str, plaintext: bytes, info: bytes) -> str:
    """Return what only the reader opens: encapsulated key and ciphertext in base64url. Raises Refusal for no key."""
    return encode(SUITE.encrypt(plaintext, public_key(reader), info))


def info(operation_id: UUID, team_id: UUID, what: str) -> bytes:
    """Return the bytes that bind a sealed answer to its operation."""
    return "\0".join(("run402-panel/reveal/v1", str(operation_id), str(team_id), what)).encode()


def public_key(reader: str) -> ec.EllipticCurvePublicKey:
    """Return the browser's key (an uncompressed point of P-256 in base64url). Raises Refusal when it is none."""
    try:
        point = base64.b64decode(f"{reader}=", altchars=b"-_", validate=True)
        if len(point) != POINT_BYTES:
            raise ValueError
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise Refusal(
            "READER_INVALID", _("The browser sent no usable key. Load the page again and start anew.")
        ) from None


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
