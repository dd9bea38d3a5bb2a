"""The cookie that carries a sentence to the next page, under the same rules as the session's."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class PanelCookieStorage(CookieStorage):
    """Django's own, under a name that browsers tie to this host (`__Host-`) where they can."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class MessageStorage(FallbackStorage):
    """A cookie while the sentences fit, else the session."""

    storage_classes = (PanelCookieStorage, SessionStorage)
