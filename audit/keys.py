"""The keyset under which workers sign the heads of the record (Ed25519, Tink). Web and auditors hold the public half.

A rotated keyset keeps its old keys, so that what they signed can be checked for ever.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from typing import Any

from audit.verifying import Head

NO_SIGNING_KEYSET = (
    "The heads of the audit record are not signed: give the worker PANEL_AUDIT_SIGNING_KEYSET_FILE "
    "(manage.py keysets_init makes it) and start it again."
)
NO_PUBLIC_KEYSET = (
    "Signatures were not checked: name the public keyset "
    "with --public-keyset or PANEL_AUDIT_PUBLIC_KEYSET_FILE."
)


def make() -> tuple[str, str]:
    """Return a fresh keyset as JSON: the signing one and its public half."""
    import tink
    from tink import signature

    signature.register()
    return _texts(tink.new_keyset_handle(signature.signature_key_templates.ED25519))


def rotated(signing: str) -> tuple[str, str]:
    """Return the keyset with a fresh key that signs from now on; the old ones stay for checking."""
    old, new = json.loads(signing), json.loads(make()[0])
    if new["primaryKeyId"] in {key["keyId"] for key in old["key"]}:
        return rotated(signing)  # ids are random; two keys may not share one
    merged = {"primaryKeyId": new["primaryKeyId"], "key": [*old["key"], *new["key"]]}
    return _texts(_private(json.dumps(merged)))


def _texts(handle: Any) -> tuple[str, str]:
    from tink import json_proto_keyset_format, secret_key_access

    private = json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return private, json_proto_keyset_format.serialize_without_secret(handle.public_keyset_handle())


class Signer:
    """Signs statements with the keyset's primary key."""

    def __init__(self, keyset: str) -> None:
        from tink import signature

        handle = _private(keyset)
        self.key_id = str(handle.keyset_info().primary_key_id)
        self.public = _texts(handle)[1]
        self._primitive = handle.primitive(signature.PublicKeySign)

    def sign(self, statement: bytes) -> str:
        """Return the signature as base64."""
        return base64.b64encode(self._primitive.sign(statement)).decode()


def _private(keyset: str) -> Any:
    from tink import json_proto_keyset_format, secret_key_access, signature

    signature.register()
    return json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)


@functools.lru_cache(maxsize=4)
def signer(keyset: str) -> Signer | None:
    """Return the signer of a keyset; None when there is no keyset."""
    return Signer(keyset) if keyset else None


class Verifier:
    """Says whether a head was signed by a key of the public keyset. Raises ValueError when the text is no keyset."""

    def __init__(self, keyset: str) -> None:
        from tink import TinkError, json_proto_keyset_format, signature

        signature.register()
        try:
            handle = json_proto_keyset_format.parse_without_secret(keyset)
            self._primitive = handle.primitive(signature.PublicKeyVerify)
        except TinkError:
            raise ValueError("This is not a public keyset of the audit record.") from None

    def __call__(self, head: Head, statement: bytes) -> bool:
        from tink import TinkError

        try:
            signature = base64.b64decode(head.signature, validate=True)
            self._primitive.verify(signature, statement)
        except (TinkError, binascii.Error, ValueError):
            return False
        # Tink finds the key by the number in the signature; the row must name the same one.
        return head.key_id == str(int.from_bytes(signature[1:5], "big"))


@functools.lru_cache(maxsize=4)
def verifier(keyset: str) -> Verifier | None:
    """Return the verifier of a public keyset; None when there is no keyset."""
    return Verifier(keyset) if keyset else None
