"""What django-allauth asks about second factors."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from teams import atrest
from teams.models import User

PURPOSE = "two-factor"
NAME = "Run402 Panel"


class LockedAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Seeds are locked in the database; passkeys belong to the panel's own host."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right. Take the newest one and try again."),
    }

    def encrypt(self, text: str) -> str:
        return atrest.lock(PURPOSE, text.encode())

    def decrypt(self, encrypted_text: str) -> str:
        return atrest.unlock(PURPOSE, encrypted_text).decode()

    def get_totp_issuer(self) -> str:
        return f"{NAME} ({settings.PANEL_HOST})"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.PANEL_HOST, "name": NAME}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, object]:
        """The handle says nothing about the person: the browser keeps it with the passkey."""
        return super().get_public_key_credential_user_entity(user) | {"display_name": user.label}  # type: ignore[no-any-return]
