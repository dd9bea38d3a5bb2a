"""Checks what a passkey signed, in a worker (WebAuthn level 3, section 7.2). Nothing that web said is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.constant_time import bytes_eq
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticationResponse, CollectedClientData

from core.errors import Refusal
from teams.permissions import Action, allows
from wallets import passkeys
from wallets.models import TrustedPasskey


@dataclass(frozen=True)
class Wanted:
    """What the assertion has to be: over these bytes, by this person in this team, for this operation and action."""

    challenge: bytes
    operation_id: UUID
    user_id: UUID
    team_id: UUID
    action: Action


def rp_id() -> str:
    """Return the host that passkeys of this instance belong to."""
    return urlsplit(settings.PANEL_URL).hostname or ""


def origin() -> str:
    """Return the one origin on which they may be used."""
    parts = urlsplit(settings.PANEL_URL)
    return f"{parts.scheme}://{parts.netloc}"


def verify(assertion: Mapping[str, Any], wanted: Wanted, *, again: bool = False) -> TrustedPasskey:
    """Return the passkey that made the assertion, its counter moved. Raises Refusal with what is wrong.

    The same assertion holds again for the same operation (a worker may have died), for nothing else. `again`: a worker
    has moved the counter for it; the passkey may have been used for something else since.
    """
    answer = _read(assertion)
    passkey = _passkey(answer, wanted)
    _check_client(answer, wanted)
    _check_authenticator(answer)
    _check_signature(answer, passkey)
    if not again:
        _move_counter(passkey, answer.response.authenticator_data.counter, wanted)
    return passkey


def _read(assertion: Mapping[str, Any]) -> AuthenticationResponse:
    try:
        return AuthenticationResponse.from_dict(assertion)
    except (ValueError, TypeError, KeyError, LookupError, AttributeError):
        raise refused("CONSENT_UNREADABLE", _("What confirmed this is no answer of a passkey.")) from None


def _passkey(answer: AuthenticationResponse, wanted: Wanted) -> TrustedPasskey:
    own = TrustedPasskey.objects.filter(team_id=wanted.team_id, user_id=wanted.user_id)
    passkey = own.filter(credential_id=answer.id).first()
    if passkey is None or passkey.is_revoked:
        raise refused(
            "PASSKEY_UNKNOWN", _("The passkey that confirmed this may not confirm for this person here.")
        )
    if not passkeys.genuine(passkey):
        raise refused("PASSKEY_NOT_GENUINE", _("The passkey that confirmed this was not let in by a worker."))
    if not passkey.is_eligible:
        when = timezone.localtime(passkey.eligible_from).strftime("%Y-%m-%d %H:%M UTC")
        raise refused(
            "PASSKEY_TOO_NEW", _("The passkey that confirmed this may do so from %(when)s.") % {"when": when}
        )
    if not allows(passkey.role, wanted.action):
        raise refused(
            "PASSKEY_ROLE", _("The passkey that confirmed this was let in for a role that may not do this.")
        )
    return passkey


def _check_client(answer: AuthenticationResponse, wanted: Wanted) -> None:
    client = answer.response.client_data
    if client.type != CollectedClientData.TYPE.GET:
        raise refused("CONSENT_UNREADABLE", _("What confirmed this was made for something else."))
    if client.origin != origin() or client.cross_origin:
        raise refused("CONSENT_ORIGIN", _("This was confirmed on another site."))
    if not bytes_eq(bytes(client.challenge), wanted.challenge):
        raise refused("CONSENT_OTHER", _("Something else was confirmed than what was to be done."))


def _check_authenticator(answer: AuthenticationResponse) -> None:
    data = answer.response.authenticator_data
    if not bytes_eq(data.rp_id_hash, hashlib.sha256(rp_id().encode()).digest()):
        raise refused("CONSENT_ORIGIN", _("This was confirmed on another site."))
    if not data.is_user_present() or not data.is_user_verified():
        raise refused(
            "CONSENT_UNVERIFIED", _("The passkey did not check who used it (fingerprint, face or PIN).")
        )


def _check_signature(answer: AuthenticationResponse, passkey: TrustedPasskey) -> None:
    signed = bytes(answer.response.authenticator_data) + answer.response.client_data.hash
    try:
        CoseKey.parse(cbor.decode(bytes(passkey.public_key))).verify(signed, answer.response.signature)  # type: ignore[arg-type]
    except (InvalidSignature, NotImplementedError, ValueError, TypeError):
        raise refused("CONSENT_SIGNATURE", _("The passkey's signature is wrong.")) from None


def _move_counter(passkey: TrustedPasskey, count: int, wanted: Wanted) -> None:
    """Keep the authenticator's counter. One that went back betrays a copy; 0 means that it has none."""
    again = passkey.used_for == wanted.operation_id and count == passkey.sign_count
    if not again and (count or passkey.sign_count) and count <= passkey.sign_count:
        raise refused(
            "CONSENT_COUNTER", _("The passkey's counter went back: there may be a copy of it, or a replay.")
        )
    unmoved = TrustedPasskey.objects.filter(
        pk=passkey.pk, sign_count=passkey.sign_count, used_for=passkey.used_for
    )
    if not unmoved.update(sign_count=count, used_for=wanted.operation_id, used_at=timezone.now()):
        raise refused("CONSENT_COUNTER", _("The passkey was used for something else at the same instant."))


def refused(code: str, why: str) -> Refusal:
    """Return the refusal. Nothing was done, and a new start asks anew."""
    return Refusal(code, why, hint=_("Nothing has changed. Start again, and confirm what the page shows."))
