"""Makes the keysets of a fresh instance."""

from __future__ import annotations

import os
from pathlib import Path

from audit import keys as audit_keys

PUBLIC = "vault-public.json"
PRIVATE = "vault-private.json"
POLICY_MAC = "policy-mac.json"
AUDIT_SIGNING = "audit-signing.json"  # audit_key_rotate knows these two as well
AUDIT_PUBLIC = "audit-public.json"


def create(folder: Path) -> list[str]:
    """Write the keysets that are missing into `folder` (0700, files 0600); return the names written.

    An existing private keyset is never replaced: everything sealed to it would be lost.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []
    if not (folder / PRIVATE).exists():
        private, public = _hybrid()
        _write(folder / PRIVATE, private)
        _write(folder / PUBLIC, public)
        made += [PRIVATE, PUBLIC]
    if not (folder / POLICY_MAC).exists():
        _write(folder / POLICY_MAC, _mac())
        made.append(POLICY_MAC)
    if not (folder / AUDIT_SIGNING).exists():
        signing, checking = audit_keys.make()
        _write(folder / AUDIT_SIGNING, signing)
        _write(folder / AUDIT_PUBLIC, checking)
        made += [AUDIT_SIGNING, AUDIT_PUBLIC]
    return made


def _hybrid() -> tuple[str, str]:
    """Return a fresh HPKE keyset (X25519, HKDF-SHA256, ChaCha20-Poly1305): private and public JSON."""
    import tink
    from tink import hybrid, json_proto_keyset_format, secret_key_access

    hybrid.register()
    template = hybrid.hybrid_key_templates.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_CHACHA20_POLY1305
    handle = tink.new_keyset_handle(template)
    private = json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    public = json_proto_keyset_format.serialize_without_secret(handle.public_keyset_handle())
    return private, public


def _mac() -> str:
    import tink
    from tink import json_proto_keyset_format, mac, secret_key_access

    mac.register()
    handle = tink.new_keyset_handle(mac.mac_key_templates.HMAC_SHA256_256BITTAG)
    return str(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
