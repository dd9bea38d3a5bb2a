"""The worker's side of the outbox: claim a mail, send it, say how it went.

A claim moves `not_before` to the next try, so that a mail whose worker died is tried again then. That may deliver it
twice when the server had taken it already; both copies bear the same Message-ID, by which mail programs tell.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from datetime import timedelta
from email.utils import parseaddr

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.models import Mail
from notifications.services import body_of
from wallets import vault
from wallets.vault import Locked

log = structlog.get_logger(__name__)

#: Seconds from each try to the next one; after the last it has failed. The whole takes some four hours.
PAUSES = (300, 900, 3600, 10_800)
TRIES = len(PAUSES) + 1
TIMEOUT_SECONDS = 10
#: Longer than one try can take.
LEASE_SECONDS = 300
#: One worker process sends at a time, so that a server that hangs leaves the others to their work.
TURN, TURN_SECONDS = "notifications-turn", 60


class Refused(Exception):
    """The mail server will not take this mail, now or ever."""


class Unreachable(Exception):
    """There is no mail server to talk to: the other mails need not try either."""


def send_due() -> int:
    """Send what is due, one after another; return how many mails left.

    When the server is not there, the turn is kept until it runs out: nobody tries again for a minute.
    """
    if not cache.add(TURN, True, timeout=TURN_SECONDS):
        return 0
    sent = 0
    try:
        while mail := claim():
            sent += send(mail)
    except Unreachable:
        return sent
    cache.delete(TURN)
    return sent


def claim() -> Mail | None:
    """Take the mail that is due longest, by conditional UPDATE; None when there is none."""
    due = Mail.objects.filter(state=Mail.State.QUEUED, not_before__lte=timezone.now())
    for mail in due.order_by("not_before")[:10]:
        if mail.attempts >= TRIES:
            _fail(mail, _("The worker stopped while sending."))
            continue
        mine = Mail.objects.filter(pk=mail.pk, state=Mail.State.QUEUED, attempts=mail.attempts)
        pause = PAUSES[mail.attempts] if mail.attempts < len(PAUSES) else LEASE_SECONDS
        mail.attempts += 1
        if mine.update(attempts=mail.attempts, not_before=timezone.now() + timedelta(seconds=pause)):
            return mail
    return None


def send(mail: Mail) -> bool:
    """Make one try at a claimed mail and write how it went. Say whether it left; raise Unreachable without a server."""
    try:
        _deliver(mail)
    except Refused as error:
        _fail(mail, str(error))
        return False
    except (smtplib.SMTPException, OSError, Locked) as error:
        _try_later(mail, in_words(error))
        if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
            raise Unreachable from error
        return False
    _end(mail, Mail.State.SENT, "")
    return True


def _deliver(mail: Mail) -> None:
    """Hand the mail to the server. Raises Refused for an address that it will never take."""
    text = vault.unseal(bytes(mail.body_sealed), body_of(mail)).decode()
    message = EmailMessage(mail.subject, text, settings.MAIL_FROM, [mail.to], headers=_headers(mail))
    server = _server()
    try:
        server.open()
        server.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()), (450, b""))[0]
        if code >= 500:
            raise Refused(_("The mail server refuses this address (%(code)s).") % {"code": code}) from None
        raise
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.close()  # a bad farewell makes no mail unsent


def _headers(mail: Mail) -> dict[str, str]:
    domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2]
    return {"Message-ID": f"<{mail.pk}@{domain}>", "Auto-Submitted": "auto-generated"}


def _server() -> EmailBackend:
    config = settings.SMTP
    if config is None:
        raise OSError("no server")
    return EmailBackend(
        host=config.host,
        port=config.port,
        username=config.user,
        password=config.password,
        use_tls=config.start_tls,
        use_ssl=config.tls,
        timeout=TIMEOUT_SECONDS,
    )


def in_words(error: Exception) -> str:
    """Return why it did not leave, without a word of what the server said: it may repeat the mail."""
    if settings.SMTP is None:
        return _("The worker has no PANEL_SMTP_URL.")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _("The mail server does not accept the user and password of PANEL_SMTP_URL.")
    if isinstance(error, smtplib.SMTPResponseException):
        return _("The mail server answered %(code)s.") % {"code": error.smtp_code}
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _("The mail server does not take this address right now.")
    if isinstance(error, Locked):
        return _("The worker cannot open the mail: it lacks the private keyset.")
    if isinstance(error, ssl.SSLError):
        return _("The mail server's certificate is not trusted.")
    return _("The mail server does not answer.")


def _try_later(mail: Mail, why: str) -> None:
    """Keep it for the next try, which the claim has set already; fail when this was the last."""
    if mail.attempts >= TRIES:
        _fail(mail, why)
        return
    log.info("mail_not_sent", mail=str(mail.pk), attempts=mail.attempts, why=why)
    _mine(mail).update(error=why[:200])


def _fail(mail: Mail, why: str) -> None:
    log.warning("mail_failed", mail=str(mail.pk), attempts=mail.attempts, why=why)
    _end(mail, Mail.State.FAILED, why)


def _end(mail: Mail, state: Mail.State, why: str) -> None:
    """Write the end, and empty the text: it may hold a link that still works."""
    _mine(mail).update(state=state, error=why[:200], body_sealed=b"", ended_at=timezone.now())


def _mine(mail: Mail) -> QuerySet[Mail]:
    return Mail.objects.filter(pk=mail.pk, state=Mail.State.QUEUED, attempts=mail.attempts)
