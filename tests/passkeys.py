"""A passkey made of software: registers as a browser would, and signs what it is asked, rightly or wrongly."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any, cast

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from operations import consent
from operations.models import Operation
from teams.models import User
from wallets import assertions

FLAG = AuthenticatorData.FLAG


class SoftPasskey:
    """One passkey of one person."""

    def __init__(self, user: User, name: str = "Laptop") -> None:
        self.user, self.name = user, name
        self.id = secrets.token_bytes(32)
        self.count = 0
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def credential_id(self) -> str:
        return str(websafe_encode(self.id))

    def register(self, *, quietly: bool = False) -> Any:
        """Store it as sign-in does; return the library's row. `quietly`: as if that had been before the panel cared."""
        credential = AttestedCredentialData.create(
            Aaguid(bytes(16)), self.id, cast(Any, ES256).from_cryptography_key(self._key.public_key())
        )
        data = AuthenticatorData.create(
            hashlib.sha256(assertions.rp_id().encode()).digest(), FLAG.UP | FLAG.UV | FLAG.AT, 0, credential
        )
        response = {
            "clientDataJSON": websafe_encode(b'{"type":"webauthn.create","challenge":"AA","origin":"x"}'),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        stored = {
            "id": self.credential_id,
            "rawId": self.credential_id,
            "type": "public-key",
            "response": response,
        }
        row = Authenticator(
            user=self.user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": self.name, "credential": stored},
        )
        if quietly:
            return Authenticator.objects.bulk_create([row])[0]
        row.save()
        return row

    def confirm(self, operation: Operation, **wrong: Any) -> dict[str, Any]:
        """Return the assertion for the operation."""
        return self.sign(consent.digest(operation), **wrong)

    def sign(
        self,
        challenge: bytes,
        *,
        origin: str = "",
        rp_id: str = "",
        verified: bool = True,
        count: int | None = None,
        kind: str = "webauthn.get",
    ) -> dict[str, Any]:
        """Return an assertion over the challenge, with what a test wants to be wrong about it."""
        self.count = self.count + 1 if count is None else count
        client = {
            "type": kind,
            "challenge": websafe_encode(challenge),
            "origin": origin or assertions.origin(),
            "crossOrigin": False,
        }
        client_data = json.dumps(client).encode()
        host = hashlib.sha256((rp_id or assertions.rp_id()).encode()).digest()
        flags = FLAG.UP | FLAG.UV if verified else FLAG.UP
        data = AuthenticatorData.create(host, flags, self.count)
        signed = bytes(data) + hashlib.sha256(client_data).digest()
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return {
            "id": self.credential_id,
            "rawId": self.credential_id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": websafe_encode(client_data),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
            },
        }
