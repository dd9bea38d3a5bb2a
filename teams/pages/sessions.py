"""The page of one's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from teams import devices
from teams.models import Membership, Session, User
from teams.signed_in import Limits

HOW = {
    "password": _("password"),
    "totp": _("authenticator app"),
    "recovery_codes": _("recovery code"),
    "webauthn": _("passkey"),
    "oidc": _("your organisation"),
}


@dataclass(frozen=True)
class Device:
    """One browser that is signed in."""

    session: Session
    words: str
    handheld: bool
    how: str
    current: bool


@dataclass(frozen=True)
class SessionsPage:
    """This browser, the others, and how long a session lasts."""

    current: Device | None
    others: tuple[Device, ...]
    limits: Limits

    @property
    def idle(self) -> str:
        return in_words(self.limits.idle)

    @property
    def age(self) -> str:
        return in_words(self.limits.age)


def in_words(length: timedelta) -> str:
    """Return a length in the largest unit that keeps it whole: “30 minutes”, “12 hours”, “14 days”."""
    minutes = int(length.total_seconds()) // 60
    if minutes % (24 * 60) == 0:
        return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def sessions_page(user: User, current: Session | None, memberships: tuple[Membership, ...]) -> SessionsPage:
    """Return the page; the newest use comes first."""
    rows = [_device(row, current) for row in Session.objects.filter(user=user)]
    own = next((device for device in rows if device.current), None)
    others = tuple(device for device in rows if not device.current)
    return SessionsPage(own, others, Limits.of(memberships))


def _device(row: Session, current: Session | None) -> Device:
    how = [str(HOW.get(step, step)) for step in row.how.split("+") if step]
    return Device(
        session=row,
        words=devices.in_words(row.agent),
        handheld=devices.is_handheld(row.agent),
        how=", ".join(how),
        current=current is not None and row.pk == current.pk,
    )
