"""The two ceremonies of passkeys, over django-allauth's: what the browser is asked, and whether its answer holds."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import UnsupportedAlgorithm
from django import forms
from fido2.webauthn import ResidentKeyRequirement, UserVerificationRequirement

from core.transport import secure_context
from teams.models import User


def offered() -> bool:
    """Say whether browsers have passkeys at the panel's address."""
    return secure_context()


def of(user: User) -> bool:
    """Say whether the person has one."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())


def options_to_add(user: User) -> str:
    """Return what the browser needs to make a passkey, as JSON; the challenge waits in the session.

    The person is verified by the device, always; it is kept there where it can be, so that it signs in by itself.
    """
    options, state = auth.get_server().register_begin(
        user=auth.build_user_payload(user),
        credentials=auth.get_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        extensions=auth.EXTENSIONS,
    )
    auth.set_state(state)
    return json.dumps(dict(options))


def options_to_use(user: User | None = None) -> str:
    """Return what the browser needs to use a passkey, as JSON; None: any that it has for this panel."""
    return json.dumps(auth.begin_authentication(user))


def check_added(answer: str) -> dict[str, Any]:
    """Return the new credential when the browser's answer holds; raise ValidationError otherwise."""
    with _foreign_bytes():
        credential = _parsed(answer)
        auth.parse_registration_response(credential)
        data = auth.complete_registration(credential)
        if not data.is_user_verified():
            raise _wrong()
    return credential


def check_used(answer: str, user: User | None = None) -> Authenticator:
    """Return the passkey that answered, of this person or of whoever it says; raise ValidationError otherwise."""
    with _foreign_bytes():
        credential = _parsed(answer)
        auth.parse_authentication_response(credential)
        owner = user or auth.extract_user_from_response(credential)
        passkey: Authenticator = auth.complete_authentication(owner, credential)
    passkey.record_usage()
    return passkey


@contextlib.contextmanager
def _foreign_bytes() -> Iterator[None]:
    """Turn whatever decoders raise over bytes that anybody can send into a wrong answer."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error) as error:
        raise _wrong() from error
    except (RecursionError, NotImplementedError, UnsupportedAlgorithm) as error:
        raise _wrong() from error


def _parsed(answer: str) -> dict[str, Any]:
    credential = json.loads(answer)
    if not isinstance(credential, dict):
        raise _wrong()
    return credential


def _wrong() -> forms.ValidationError:
    error: forms.ValidationError = auth.get_adapter().validation_error("incorrect_code")
    return error
