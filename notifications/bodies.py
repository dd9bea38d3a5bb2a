"""What is sent to a webhook, and how it is signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from core.happenings import Happening
from notifications.models import Hook

#: Discord takes no more characters.
LONGEST = 2000


def body_of(happening: Happening, hook: Hook, delivery: UUID) -> str:
    """Return the body in the webhook's form. It is made once, so that every try sends the same."""
    if hook.form == Hook.Form.SLACK:
        return json.dumps({"text": _slack(_line(happening, hook))})
    if hook.form == Hook.Form.DISCORD:
        content = _line(happening, hook)[:LONGEST]
        return json.dumps({"content": content, "allowed_mentions": {"parse": []}})
    return json.dumps(_document(happening, hook, delivery))


def _document(happening: Happening, hook: Hook, delivery: UUID) -> dict[str, Any]:
    return {
        "id": str(delivery),
        "event": happening.event,
        "at": timezone.now().isoformat(timespec="seconds"),
        "team": {"id": str(hook.team_id), "name": hook.team.name},
        "object": happening.object_id,
        "title": happening.title,
        "text": happening.text,
        "url": _absolute(happening.url),
    }


def _line(happening: Happening, hook: Hook) -> str:
    said = f"{happening.title} ({hook.team.name})"
    return "\n".join(filter(None, (said, happening.text, _absolute(happening.url))))


def _absolute(url: str) -> str:
    return settings.PANEL_URL + url if url else ""


def _slack(text: str) -> str:
    """Return the text without markup of its own: a project called <!channel> calls nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def signature(secret: bytes, body: bytes, at: int) -> str:
    """Return the header: the time in seconds, and the HMAC-SHA256 of time, dot and body."""
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
