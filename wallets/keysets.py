"""Makes the keysets of a fresh instance."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from audit import keys as audit_keys

PUBLIC = "vault-public.json"
PRIVATE = "vault-private.json"
POLICY_MAC = "policy-mac.json"
AUDIT_SIGNING = "audit-signing.json"  # audit_key_rotate knows these two as well
AUDIT_PUBLIC = "audit-public.json"
RESULTS = "results.json"


def create(folder: Path) -> list[str]:
    """Write the keysets that are missing into `folder` (0700, files 0600); return the names written.

    An existing private keyset is never replaced: everything sealed to it would be lost.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []
    if not (folder / PRIVATE).exists():
        private, public = hybrid()
        _write(folder / PRIVATE, private)
        _write(folder / PUBLIC, public)
        made += [PRIVATE, PUBLIC]
    if not (folder / POLICY_MAC).exists():
        _write(folder / POLICY_MAC, mac())
        made.append(POLICY_MAC)
    if not (folder / AUDIT_SIGNING).exists():
        signing, checking = audit_keys.make()
        _write(folder / AUDIT_SIGNING, signing)
        _write(folder / AUDIT_PUBLIC, checking)
        made += [AUDIT_SIGNING, AUDIT_PUBLIC]
    if not (folder / RESULTS).exists():
        _write(folder / RESULTS, aead())
        made.append(RESULTS)
    return made


def hybrid() -> tuple[str, str]:
    """Return a fresh HPKE keyset (X25519, HKDF-SHA256, ChaCha20-Poly1305): private and public JSON."""
    from tink import hybrid

    hybrid.register()
    private = _fresh(hybrid.hybrid_key_templates.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_CHACHA20_POLY1305)
    return private, public_of(private)


def public_of(private: str) -> str:
    """Return the public keyset that belongs to a private one."""
    from tink import json_proto_keyset_format, secret_key_access

    handle = json_proto_keyset_format.parse(private, secret_key_access.TOKEN)
    return str(json_proto_keyset_format.serialize_without_secret(handle.public_keyset_handle()))


def mac() -> str:
    """Return a fresh keyset for the marks of workers (HMAC-SHA256)."""
    from tink import mac as primitive

    primitive.register()
    return _fresh(primitive.mac_key_templates.HMAC_SHA256_256BITTAG)


def aead() -> str:
    """Return a fresh keyset for results (XChaCha20-Poly1305: its random nonces never run out)."""
    from tink import aead as primitive

    primitive.register()
    return _fresh(primitive.aead_key_templates.XCHACHA20_POLY1305)


def _fresh(template: Any) -> str:
    import tink
    from tink import json_proto_keyset_format, secret_key_access

    handle = tink.new_keyset_handle(template)
    return str(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
