"""Putting letters into the outbox."""

from __future__ import annotations

import uuid

import structlog
from django.conf import settings
from django.db import transaction

from core.letters import Letter
from notifications.models import Mail
from operations import wake
from operations.registry import SYNC
from wallets import vault
from wallets.vault import Context, Locked

log = structlog.get_logger(__name__)

SEND_MAIL = "notifications.send_mail"


def carry(letter: Letter) -> bool:
    """Seal the letter into the outbox, within the caller's transaction; False when this instance sends no mail."""
    if not settings.MAIL_FROM:
        return False
    mail = Mail(id=uuid.uuid4(), team_id=letter.team_id, to=letter.to, subject=one_line(letter.subject))
    try:
        mail.body_sealed = vault.seal(letter.text.encode(), body_of(mail))
    except Locked:
        log.warning("mail_cannot_be_sealed")
        return False
    with transaction.atomic():
        mail.save(force_insert=True)
        transaction.on_commit(lambda: wake.post(SEND_MAIL, SYNC))
    return True


def body_of(mail: Mail) -> Context:
    """Return where a mail's text is sealed to."""
    return Context("notifications_mail", str(mail.pk), "body")


def one_line(text: str) -> str:
    """Return a subject that cannot become a second header."""
    return " ".join(text.split())[:200]
